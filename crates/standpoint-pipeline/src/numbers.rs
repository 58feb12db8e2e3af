//! The numbers of a run, gathered piece by piece: the tables `aggregates` and `trends`.

use crate::PipelineError;
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
        for cells in &self.cells {
            let rows = cells.rows();
            let rows: Vec<_> =
                rows.iter().map(|row| AggregateRow::of(cells.grouping(), row)).collect();
            tables.aggregates(&rows)?;
        }
        for (grouping, trends) in &self.trends {
            for series in trends.series(None) {
                tables.trends(&TrendRow::of(*grouping, &series).collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }
}
