//! Tables, aggregates, evaluation and the HTML report.
