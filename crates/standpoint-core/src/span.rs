use serde::{Deserialize, Serialize};

/// A half-open range of bytes in a document's text, on character boundaries of that text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte of the range.
    pub start: usize,
    /// One past the last byte of the range.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Length in bytes; 0 for a range whose end lies before its start.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds no byte.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The slice of `text` at this range; `None` if it reaches past the end or splits a character.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// The bytes that both ranges hold.
    pub fn overlap(self, other: Span) -> usize {
        self.end.min(other.end).saturating_sub(self.start.max(other.start))
    }

    /// Whether every byte of `other` lies in this range.
    pub const fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The range without the white space at its two ends in `text`; unchanged if it does not slice.
    pub fn trimmed(self, text: &str) -> Span {
        let Some(slice) = self.of(text) else { return self };
        let start = self.start + (slice.len() - slice.trim_start().len());
        Span::new(start, start + slice.trim().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_splits_a_character_slices_to_nothing() {
        assert_eq!(Span::new(0, 1).of("é"), None);
        assert_eq!(Span::new(0, 2).of("é"), Some("é"));
        assert_eq!(Span::new(2, 1).len(), 0);
    }

    #[test]
    fn trimming_keeps_the_range_on_the_words() {
        let text = "a \u{2003}word\n b";
        let span = Span::new(1, text.len() - 1).trimmed(text);
        assert_eq!(span.of(text), Some("word"));
    }

    #[test]
    fn overlap_counts_shared_bytes() {
        assert_eq!(Span::new(0, 5).overlap(Span::new(3, 9)), 2);
        assert_eq!(Span::new(0, 5).overlap(Span::new(5, 9)), 0);
    }
}
