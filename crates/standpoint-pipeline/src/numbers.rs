//! The numbers of a run as tables: `aggregates` and `trends`.

use crate::PipelineError;
use rayon::prelude::*;
use standpoint_report::aggregates::Grouping;
use standpoint_report::html::ReportData;
use standpoint_report::tables::{AggregateRow, Tables, TrendRow};
use standpoint_report::trends::Trends;

/// How many rows are worked out and held together; a corpus has as many cells as actors × targets.
const ROWS: usize = 4096;

/// Writes the counts of a report, and the curves of its authors altogether and by outlet.
pub(crate) fn write_numbers(
    report: &ReportData,
    by_outlet: &Trends,
    tables: &mut Tables,
) -> Result<(), PipelineError> {
    for cells in report.aggregates().groupings() {
        let grouping = cells.grouping();
        let mut cells = cells.cells();
        loop {
            let together: Vec<_> = cells.by_ref().take(ROWS).collect();
            if together.is_empty() {
                break;
            }
            let rows = together.par_iter().map(|cell| AggregateRow::of(grouping, &cell.row()));
            tables.aggregates(&rows.collect::<Vec<_>>())?;
        }
    }
    for (grouping, trends) in [(Grouping::All, report.trends()), (Grouping::Outlet, by_outlet)] {
        for series in trends.series(None) {
            tables.trends(&TrendRow::of(grouping, &series).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}
