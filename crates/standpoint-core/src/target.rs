use serde::{Deserialize, Serialize};

/// What a stance is about: a noun phrase ("sanctions on Russia") or a claim ("The US should arm
/// Ukraine").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Short name that stands in the tables, unique in a run.
    pub id: String,
    /// The phrase or claim as the stance model reads it.
    pub text: String,
    /// Other words by which documents name the target, matched as whole words, without case.
    #[serde(default)]
    pub aliases: Vec<String>,
}

impl Target {
    /// The text and the aliases: every way in which a document may name the target.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.text.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}
