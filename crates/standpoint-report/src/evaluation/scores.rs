use crate::bootstrap::{self, Estimate};
use serde::Serialize;
use standpoint_core::{Label, Probabilities};
use std::collections::BTreeMap;

/// A gold label and what was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged<'a> {
    /// The label that people gave.
    pub gold: Label,
    /// The answer; `None` where there is none.
    pub predicted: Option<Label>,
    /// The probabilities behind the answer, where there are any.
    pub probabilities: Option<Probabilities>,
    /// The target; figures are given per target too.
    pub target: &'a str,
    /// Rows of one cluster are drawn together when intervals are made; a row without one stands
    /// for itself.
    pub cluster: Option<&'a str>,
}

impl Judged<'static> {
    /// What a model says to a text, with no target of its own to be told apart by.
    pub fn by_model(gold: Label, probabilities: Probabilities) -> Self {
        let predicted = Some(probabilities.label());
        Self { gold, predicted, probabilities: Some(probabilities), target: "", cluster: None }
    }
}

/// Figures over all rows and per target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// All rows together.
    pub overall: Figures,
    /// The rows of each target.
    pub targets: BTreeMap<String, Figures>,
}

/// How answers agree with gold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Rows of gold.
    pub rows: usize,
    /// Rows with an answer.
    pub answered: usize,
    /// Share of rows with an answer.
    pub coverage: f64,
    /// Mean F1 of the classes that occur in gold.
    pub macro_f1: Estimate,
    /// Mean F1 of favor and against.
    pub f_avg: Estimate,
    /// Share of rows answered rightly.
    pub accuracy: Estimate,
    /// Matthews correlation coefficient.
    pub mcc: Estimate,
    /// Per class, in the order favor, against, neutral.
    pub classes: [ClassFigures; 3],
    /// Gold by answer.
    pub confusion: Confusion,
    /// On the answered rows only; `None` if no row is answered.
    pub selective: Option<Selective>,
    /// `None` if no row has probabilities.
    pub calibration: Option<Calibration>,
    /// `None` if no row that gold labels favor or against has probabilities.
    pub sign: Option<Sign>,
}

/// Agreement on one class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The class.
    pub label: Label,
    /// Of the rows answered so, the share that gold labels so.
    pub precision: f64,
    /// Of the rows that gold labels so, the share answered so.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Rows that gold labels so.
    pub support: usize,
}

/// Figures on the answered rows only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Selective {
    /// Share answered rightly.
    pub accuracy: f64,
    /// Mean F1 of the classes that occur in the gold of these rows.
    pub macro_f1: f64,
}

/// How far probabilities mean what they say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Calibration {
    /// Rows with probabilities.
    pub rows: usize,
    /// Expected calibration error, in [0, 1].
    pub ece: f64,
    /// Brier score, in [0, 2].
    pub brier: f64,
}

/// Favor or against, where it is given that it is one of them: the more probable of the two is taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sign {
    /// Rows that gold labels favor or against.
    pub rows: usize,
    /// Mean F1 of the two.
    pub macro_f1: f64,
}

impl Sign {
    fn of(rows: &[Judged<'_>]) -> Option<Sign> {
        let mut confusion = Confusion::default();
        for row in rows.iter().filter(|row| row.gold != Label::Neutral) {
            let Some(p) = row.probabilities else { continue };
            let found = if p.against > p.favor { Label::Against } else { Label::Favor };
            confusion.0[row.gold as usize][found as usize] += 1;
        }
        let rows = confusion.0.iter().flatten().sum();
        (rows > 0).then(|| Sign { rows, macro_f1: confusion.macro_f1() })
    }
}

/// Rows are gold (favor, against, neutral), columns answers (favor, against, neutral, none).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Confusion(pub [[usize; 4]; 3]);

impl Scores {
    /// The figures of rows in any order.
    pub fn of(rows: &[Judged<'_>]) -> Self {
        let mut by_target: BTreeMap<String, Vec<Judged<'_>>> = BTreeMap::new();
        for row in rows {
            by_target.entry(row.target.to_owned()).or_default().push(*row);
        }
        let targets = by_target.into_iter().map(|(target, rows)| (target, Figures::of(&rows)));
        Self { overall: Figures::of(rows), targets: targets.collect() }
    }
}

impl Figures {
    /// The figures of rows in any order, targets mixed.
    pub fn of(rows: &[Judged<'_>]) -> Self {
        let clusters = clusters(rows);
        let confusion = Confusion::sum(&clusters);
        let [macro_f1, f_avg, accuracy, mcc] = {
            let resampled = |drawn: &[usize]| {
                Confusion::sum(drawn.iter().map(|&i| &clusters[i])).headline().map(Some)
            };
            let values = confusion.headline();
            let intervals = bootstrap::intervals(clusters.len(), resampled);
            std::array::from_fn(|i| Estimate { value: values[i], interval: intervals[i] })
        };
        let answered = rows.iter().filter(|row| row.predicted.is_some()).count();
        let selective = (answered > 0).then(|| {
            let answered = confusion.answered();
            Selective { accuracy: answered.accuracy(), macro_f1: answered.macro_f1() }
        });
        Self {
            rows: rows.len(),
            answered,
            coverage: ratio(answered, rows.len()),
            macro_f1,
            f_avg,
            accuracy,
            mcc,
            classes: Label::ALL.map(|label| confusion.class(label)),
            confusion,
            selective,
            calibration: Calibration::of(rows),
            sign: Sign::of(rows),
        }
    }
}

impl Figures {
    /// How many rows are answered rightly, and how many are answered.
    pub fn right_of_answered(&self) -> [usize; 2] {
        [self.confusion.correct(), self.answered]
    }
}

/// One matrix per cluster: named ones in the order of names, then every row that stands alone.
fn clusters(rows: &[Judged<'_>]) -> Vec<Confusion> {
    let mut named: BTreeMap<&str, Confusion> = BTreeMap::new();
    let mut alone = Vec::new();
    for row in rows {
        match row.cluster {
            Some(cluster) => named.entry(cluster).or_default().add(row.gold, row.predicted),
            None => {
                let mut confusion = Confusion::default();
                confusion.add(row.gold, row.predicted);
                alone.push(confusion);
            }
        }
    }
    // Sorted, so that intervals do not depend on the order of rows.
    alone.sort_by_key(|confusion| confusion.0);
    named.into_values().chain(alone).collect()
}

const fn index(label: Label) -> usize {
    match label {
        Label::Favor => 0,
        Label::Against => 1,
        Label::Neutral => 2,
    }
}

impl Confusion {
    const NONE: usize = 3;

    fn add(&mut self, gold: Label, predicted: Option<Label>) {
        self.0[index(gold)][predicted.map_or(Self::NONE, index)] += 1;
    }

    fn sum<'a>(parts: impl IntoIterator<Item = &'a Confusion>) -> Self {
        let mut sum = Self::default();
        for part in parts {
            let cells = sum.0.iter_mut().flatten().zip(part.0.iter().flatten());
            cells.for_each(|(sum, part)| *sum += part);
        }
        sum
    }

    /// Without the rows that have no answer.
    fn answered(mut self) -> Self {
        self.0.iter_mut().for_each(|row| row[Self::NONE] = 0);
        self
    }

    fn total(&self) -> usize {
        self.0.iter().flatten().sum()
    }

    fn correct(&self) -> usize {
        (0..3).map(|i| self.0[i][i]).sum()
    }

    fn support(&self, class: usize) -> usize {
        self.0[class].iter().sum()
    }

    fn predicted(&self, class: usize) -> usize {
        self.0.iter().map(|row| row[class]).sum()
    }

    fn f1(&self, class: usize) -> f64 {
        ratio(2 * self.0[class][class], self.support(class) + self.predicted(class))
    }

    fn class(&self, label: Label) -> ClassFigures {
        let class = index(label);
        let hits = self.0[class][class];
        ClassFigures {
            label,
            precision: ratio(hits, self.predicted(class)),
            recall: ratio(hits, self.support(class)),
            f1: self.f1(class),
            support: self.support(class),
        }
    }

    /// Macro-F1, F_avg, accuracy, MCC.
    fn headline(&self) -> [f64; 4] {
        let f_avg = (self.f1(index(Label::Favor)) + self.f1(index(Label::Against))) / 2.0;
        [self.macro_f1(), f_avg, self.accuracy(), self.mcc()]
    }

    fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.total())
    }

    fn macro_f1(&self) -> f64 {
        let present: Vec<usize> = (0..3).filter(|&class| self.support(class) > 0).collect();
        let sum: f64 = present.iter().map(|&class| self.f1(class)).sum();
        if present.is_empty() { 0.0 } else { sum / present.len() as f64 }
    }

    /// Gorodkin (2004), as covariances of the true and the predicted classes.
    fn mcc(&self) -> f64 {
        let total = self.total() as f64;
        let truth = [0, 1, 2, 3].map(|i| if i < 3 { self.support(i) as f64 } else { 0.0 });
        let answer = [0, 1, 2, 3].map(|i| self.predicted(i) as f64);
        let dot = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let covariance = self.correct() as f64 * total - dot(&truth, &answer);
        let spread =
            (total * total - dot(&truth, &truth)) * (total * total - dot(&answer, &answer));
        if spread > 0.0 { covariance / spread.sqrt() } else { 0.0 }
    }
}

impl Calibration {
    const BINS: usize = 15;

    fn of(rows: &[Judged<'_>]) -> Option<Self> {
        let judged: Vec<(Label, Probabilities)> =
            rows.iter().filter_map(|row| Some((row.gold, row.probabilities?))).collect();
        if judged.is_empty() {
            return None;
        }
        let n = judged.len() as f64;
        // Per bin: sum of confidence minus number of hits.
        let mut gaps = [0.0; Self::BINS];
        let mut brier = 0.0;
        for (gold, p) in &judged {
            let confidence = f64::from(p.confidence());
            let bin = (confidence * Self::BINS as f64).ceil() as usize;
            let hit = f64::from(u8::from(p.label() == *gold));
            gaps[bin.clamp(1, Self::BINS) - 1] += confidence - hit;
            for label in Label::ALL {
                let truth = f64::from(u8::from(label == *gold));
                brier += (f64::from(p.of(label)) - truth).powi(2);
            }
        }
        let ece = gaps.iter().map(|gap| gap.abs()).sum::<f64>() / n;
        Some(Self { rows: judged.len(), ece, brier: brier / n })
    }
}

/// `part / whole`, and 0 of nothing.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::Interval;

    fn rows(gold: &str, predicted: &str) -> Vec<Judged<'static>> {
        let label = |letter| match letter {
            'f' => Some(Label::Favor),
            'a' => Some(Label::Against),
            'n' => Some(Label::Neutral),
            _ => None,
        };
        let pairs = gold.chars().zip(predicted.chars());
        let judged = |(gold, predicted)| Judged {
            gold: label(gold).unwrap(),
            predicted: label(predicted),
            probabilities: None,
            target: "levy",
            cluster: None,
        };
        pairs.map(judged).collect()
    }

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1, with the answer "-" as a class of its own that gold never has:
        // precision_recall_fscore_support(labels=["f", "a", "n"]), accuracy_score,
        // matthews_corrcoef, and accuracy_score and f1_score(average="macro") without the "-".
        let gold = "fffffaaaaaannnnnnfaannfanfanfa";
        let predicted = "ffan-aaafn-nnnfa-faannffanfa-a";
        let figures = Figures::of(&rows(gold, predicted));
        assert_eq!(figures.confusion.0, [[4, 1, 2, 2], [3, 6, 1, 1], [1, 3, 5, 1]]);
        let expected = [
            (0.5, 0.444_444_444_444, 0.470_588_235_294, 9),
            (0.6, 0.545_454_545_455, 0.571_428_571_429, 11),
            (0.625, 0.5, 0.555_555_555_556, 10),
        ];
        for (class, (precision, recall, f1, support)) in figures.classes.iter().zip(expected) {
            close(class.precision, precision);
            close(class.recall, recall);
            close(class.f1, f1);
            assert_eq!(class.support, support);
        }
        close(figures.macro_f1.value, 0.532_524_120_759_414_8);
        close(figures.f_avg.value, 0.521_008_403_361_344_5);
        close(figures.accuracy.value, 0.5);
        close(figures.mcc.value, 0.300_161_742_297_843_9);
        let selective = figures.selective.unwrap();
        close(selective.accuracy, 0.576_923_076_923_076_9);
        close(selective.macro_f1, 0.573_856_209_150_326_9);
        let Interval { low, high } = figures.accuracy.interval.unwrap();
        // Standard error √(0.25 / 30) = 0.0913.
        assert!((low - 0.321).abs() < 0.03 && (high - 0.679).abs() < 0.03, "{low} … {high}");
    }

    #[test]
    fn a_class_absent_from_gold_is_left_out_of_macro_f1() {
        // favor: P 2/2, R 2/3, F 0.8; against: P 1/1, R 1/1; neutral only ever predicted.
        let figures = Figures::of(&rows("fffa", "ffna"));
        close(figures.macro_f1.value, 0.9);
        close(figures.classes[2].f1, 0.0);
        assert_eq!(figures.classes[2].support, 0);
    }

    #[test]
    fn no_answer_costs_recall_and_is_left_out_of_selective_figures() {
        let figures = Figures::of(&rows("ffaa", "f-a-"));
        assert_eq!(figures.confusion.0, [[1, 0, 0, 1], [0, 1, 0, 1], [0; 4]]);
        close(figures.coverage, 0.5);
        close(figures.accuracy.value, 0.5);
        close(figures.classes[0].precision, 1.0);
        close(figures.classes[0].recall, 0.5);
        assert_eq!(figures.selective, Some(Selective { accuracy: 1.0, macro_f1: 1.0 }));
    }

    #[test]
    fn rows_of_one_cluster_are_drawn_together() {
        let mut rows = rows("ffffaaaa", "ffffffff");
        let spread = |rows: &[Judged<'_>]| {
            let Interval { low, high } = Figures::of(rows).accuracy.interval.unwrap();
            high - low
        };
        let alone = spread(&rows);
        for (i, row) in rows.iter_mut().enumerate() {
            row.cluster = Some(if i < 4 { "p" } else { "q" });
        }
        assert!(alone < 1.0);
        close(spread(&rows), 1.0); // Two clusters, one right and one wrong: 0, ½ or 1.
        rows.iter_mut().for_each(|row| row.cluster = Some("p"));
        assert_eq!(Figures::of(&rows).accuracy.interval, None);
    }

    #[test]
    fn calibration_by_hand() {
        let row = |gold, p: [f32; 3]| Judged {
            gold,
            predicted: None,
            probabilities: Some(Probabilities::new(p[0], p[1], p[2])),
            target: "levy",
            cluster: None,
        };
        let rows = [
            row(Label::Favor, [0.75, 0.25, 0.0]),
            row(Label::Against, [0.75, 0.25, 0.0]),
            row(Label::Neutral, [0.0, 0.0, 1.0]),
            row(Label::Neutral, [0.5, 0.5, 0.0]),
        ];
        let calibration = Figures::of(&rows).calibration.unwrap();
        // Bins: {0.75, 0.75} with one hit, gap 0.5; {1.0} with one, gap 0; {0.5} with none, 0.5.
        close(calibration.ece, 0.25);
        // 0.0625 + 0.0625; 0.5625 + 0.5625; 0; 0.25 + 0.25 + 1.
        close(calibration.brier, (0.125 + 1.125 + 0.0 + 1.5) / 4.0);
    }

    #[test]
    fn nothing_gives_no_figures_and_no_panic() {
        let scores = Scores::of(&[]);
        assert_eq!(scores.overall.macro_f1, Estimate { value: 0.0, interval: None });
        assert_eq!((scores.overall.selective, scores.overall.calibration), (None, None));
        assert!(scores.targets.is_empty());
    }

    #[test]
    fn a_sign_is_the_surer_of_two_whatever_neutral_says() {
        let row = |gold, favor, against| {
            let p = Probabilities::new(favor, against, 1.0 - favor - against);
            Judged::by_model(gold, p)
        };
        use Label::{Against, Favor, Neutral};
        let rows = [
            row(Favor, 0.2, 0.1),
            row(Against, 0.1, 0.3),
            row(Against, 0.3, 0.2),
            row(Neutral, 0.9, 0.0),
        ];
        let sign = Scores::of(&rows).overall.sign.unwrap();
        assert_eq!(sign.rows, 3);
        // One of each right, one against taken for favor: both F1 are 2/3.
        close(sign.macro_f1, 2.0 / 3.0);
        assert_eq!(Scores::of(&rows[3..]).overall.sign, None);
    }

    #[test]
    fn targets_are_scored_apart() {
        let mut rows = rows("fa", "ff");
        rows[1].target = "station";
        let scores = Scores::of(&rows);
        close(scores.targets["levy"].accuracy.value, 1.0);
        close(scores.targets["station"].accuracy.value, 0.0);
        close(scores.overall.accuracy.value, 0.5);
    }
}
