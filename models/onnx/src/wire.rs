//! Whether the lengths in an ONNX file add up.
//!
//! rten reserves what a field says that it is long before it reads it. In a damaged file that can be
//! more than there is, which ends the program with no error to report. So the lengths of all messages
//! that rten goes into are followed first.
//!
//! Weights in another file are refused on the way: a model's hash, under which answers are stored, would
//! not cover them, and ONNX Runtime would look for them in the working directory.

/// The messages of `onnx.proto` that hold others; all others are `Leaf`.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    SequenceType,
    Shape,
    Leaf,
}

impl Message {
    /// The message in a field of this one; none in a field of text, numbers or bytes.
    fn inner(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Self::Leaf,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) | (Self::SequenceType, 1) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::Type, 4) => Self::SequenceType,
            (Self::TensorType, 2) => Self::Shape,
            _ => return None,
        })
    }
}

/// Graphs in graphs and lists of lists; deeper ones would exhaust the stack of whoever reads them.
const DEEPEST: usize = 100;

/// The fields that every model has, its graph and the version of its operators: a file may be cut off
/// between two fields.
const NEEDED: u64 = 1 << 7 | 1 << 8;

const BROKEN: &str = "is cut off, damaged, or no ONNX file";
const OUTSIDE: &str = "keeps weights in another file, which is not read: export it as one file";

/// Whether this can be an ONNX file with all that belongs to it.
///
/// # Errors
/// What keeps it from being one.
pub(crate) fn check(file: &[u8]) -> Result<(), &'static str> {
    let seen = fields(file, Message::Model, DEEPEST)?;
    if seen & NEEDED == NEEDED { Ok(()) } else { Err(BROKEN) }
}

/// The numbers of a message's fields as bits.
fn fields(mut bytes: &[u8], message: Message, depth: usize) -> Result<u64, &'static str> {
    let depth = depth.checked_sub(1).ok_or(BROKEN)?;
    let mut seen = 0;
    while !bytes.is_empty() {
        let key = varint(&mut bytes).ok_or(BROKEN)?;
        let (number, kind) = (key >> 3, key & 7);
        let length = length(kind, &mut bytes).ok_or(BROKEN)?;
        let (field, rest) = bytes.split_at_checked(length).ok_or(BROKEN)?;
        match message.inner(number) {
            Some(inner) if kind == 2 => _ = fields(field, inner, depth)?,
            _ => {}
        }
        if matches!((message, number), (Message::Tensor, 13)) {
            return Err(OUTSIDE);
        }
        seen |= 1 << number.min(63);
        bytes = rest;
    }
    Ok(seen)
}

/// How many bytes a field of this kind takes; those of a number of varying length are taken off here.
fn length(kind: u64, bytes: &mut &[u8]) -> Option<usize> {
    match kind {
        0 => varint(bytes).map(|_| 0),
        1 => Some(8),
        2 => usize::try_from(varint(bytes)?).ok(),
        5 => Some(4),
        _ => None,
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, inner: &[u8]) -> Vec<u8> {
        let mut length = inner.len();
        let mut bytes = vec![number << 3 | 2];
        while length > 0x7f {
            bytes.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        bytes.push(length.to_le_bytes()[0]);
        [&bytes, inner].concat()
    }

    /// A model of this graph, and of no operators at all.
    fn model(graph: &[u8]) -> Vec<u8> {
        [field(7, graph), field(8, b"")].concat()
    }

    #[test]
    fn a_length_beyond_its_message_is_found_at_every_depth() {
        // A dimension's name in a shape in a type in an input of the graph.
        let path = [2, 1, 2, 1, 2, 11];
        let nest = |innermost: &[u8], path: &[u8]| {
            path.iter().fold(innermost.to_vec(), |inner, number| field(*number, &inner))
        };
        check(&model(&nest(b"tokens", &path))).unwrap();
        for depth in 1..=path.len() {
            let (inside, outside) = path.split_at(depth);
            let mut inner = nest(b"tokens", inside);
            inner[1] += 1;
            let error = check(&model(&nest(&inner, outside))).unwrap_err();
            assert_eq!(error, BROKEN, "at depth {depth}");
        }
    }

    #[test]
    fn a_file_without_a_graph_or_the_version_of_its_operators_is_no_model() {
        let file = model(b"");
        let cuts: Vec<_> = (0..file.len()).filter(|cut| check(&file[..*cut]).is_ok()).collect();
        assert_eq!((check(&file), cuts), (Ok(()), vec![]));
    }

    #[test]
    fn weights_in_another_file_are_refused() {
        let tensor = |number| model(&field(5, &field(number, &field(1, b"location"))));
        assert_eq!(check(&tensor(13)), Err(OUTSIDE));
        assert_eq!(check(&tensor(9)), Ok(()));
    }

    #[test]
    fn bytes_are_no_message() {
        let data = field(9, &[0xff; 300]);
        check(&model(&field(5, &data))).unwrap();
        check(&model(&field(1, &field(5, &[0xff; 300])))).unwrap_err();
    }

    #[test]
    fn nesting_has_an_end() {
        // A graph in an attribute of a node of a graph, again and again.
        let nest = |times: usize| {
            let one = |inner: Vec<u8>, _| field(1, &field(5, &field(6, &inner)));
            model(&(0..times).fold(Vec::new(), one))
        };
        check(&nest(DEEPEST / 3 - 1)).unwrap();
        check(&nest(DEEPEST / 3 + 1)).unwrap_err();
    }
}
