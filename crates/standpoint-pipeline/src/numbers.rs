//! The numbers of a run, gathered piece by piece: the tables `aggregates` and `trends`.

use crate::PipelineError;
use rayon::prelude::*;
use standpoint_report::aggregates::{Cells, Grouping, Placement};
use standpoint_report::tables::{AggregateRow, Tables, TrendRow};
use standpoint_report::trends::Trends;

pub(crate) struct Numbers {
    cells: [Cells; 7],
    trends: [(Grouping, Trends); 2],
}

impl Numbers {
    pub(crate) fn new() -> Self {
        let trends = [Grouping::All, Grouping::Outlet].map(|by| (by, Trends::by(by)));
        Self { cells: Grouping::ALL.map(Cells::by), trends }
    }

    pub(crate) fn add_piece(&mut self, placements: &[Placement<'_>]) {
        self.cells.iter_mut().for_each(|cells| cells.add_piece(placements));
        self.trends.iter_mut().for_each(|(_, trends)| trends.add_piece(placements));
    }

    pub(crate) fn write(&self, tables: &mut Tables) -> Result<(), PipelineError> {
        let aggregates = |cells: &Cells| -> Vec<AggregateRow> {
            cells.rows().iter().map(|row| AggregateRow::of(cells.grouping(), row)).collect()
        };
        let trends = |(grouping, trends): &(Grouping, Trends)| -> Vec<TrendRow> {
            let series = trends.series(None);
            series.iter().flat_map(|series| TrendRow::of(*grouping, series)).collect()
        };
        let aggregates: Vec<_> = self.cells.par_iter().map(aggregates).collect();
        let trends: Vec<_> = self.trends.par_iter().map(trends).collect();
        aggregates.iter().try_for_each(|rows| tables.aggregates(rows))?;
        Ok(trends.iter().try_for_each(|rows| tables.trends(rows))?)
    }
}
