//! Writes a BERT as an ONNX file, as PyTorch would export it, from the weights of a model crate.

use standpoint_encoder::{Floats, ModelFiles, read_tensors};
use std::collections::BTreeMap;
use tempfile::TempDir;

/// A folder as a user would have it: the files of a model crate, the weights in ONNX.
pub(crate) fn folder(files: &ModelFiles) -> TempDir {
    let (config, _) = files.input().unwrap();
    let tensors = read_tensors(&files.weights).unwrap();
    let heads = config.num_attention_heads;
    let shape = Shape { heads, layers: config.num_hidden_layers, epsilon: config.layer_norm_eps };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("model.toml", &files.model_toml);
    write("config.json", &files.config);
    write("tokenizer.json", &files.tokenizer);
    write("model.onnx", &bert(tensors, &shape));
    folder
}

struct Shape {
    heads: usize,
    layers: usize,
    epsilon: f32,
}

fn bert(mut tensors: BTreeMap<String, Floats>, shape: &Shape) -> Vec<u8> {
    let classifies = tensors.contains_key("classifier.weight");
    let hidden = tensors["embeddings.LayerNorm.weight"].values.len();
    let mut graph = Graph::default();
    graph.embeddings(shape.epsilon);
    for layer in 0..shape.layers {
        graph.layer(&format!("encoder.layer.{layer}"), hidden, shape);
    }
    let output = if classifies { graph.classifier() } else { "last_hidden_state" };
    if !classifies {
        graph.node("Identity", &["x"], output, &[]);
    }
    // A linear layer is stored as [outputs, inputs], and MatMul takes it the other way round.
    let by_gemm = |name: &str| name.starts_with("pooler") || name.starts_with("classifier");
    for (name, tensor) in &mut tensors {
        if name.ends_with("weight") && !name.starts_with("embeddings") && !by_gemm(name) {
            *tensor = transposed(tensor);
        }
        graph.floats(name, &tensor.shape, &tensor.values);
    }
    graph.model(&["input_ids", "attention_mask", "token_type_ids"], &[output])
}

fn transposed(tensor: &Floats) -> Floats {
    let [rows, columns] = tensor.shape[..] else { return tensor.clone() };
    let at = |i: usize| tensor.values[i % rows * columns + i / rows];
    Floats { shape: vec![columns, rows], values: (0..rows * columns).map(at).collect() }
}

/// Nodes and weights of a graph. A value may be written again under the same name: each gets a name of
/// its own in the file.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Message,
    weights: Message,
    versions: BTreeMap<String, usize>,
}

/// An attribute of a node.
pub(crate) enum Attribute<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
}

use Attribute::{Float, Int, Ints};

impl Graph {
    fn embeddings(&mut self, epsilon: f32) {
        let table = |of: &str| format!("embeddings.{of}_embeddings.weight");
        self.node("Gather", &[&table("word"), "input_ids"], "x", &[]);
        self.node("Gather", &[&table("token_type"), "token_type_ids"], "types", &[]);
        self.node("Shape", &["input_ids"], "length", &[Int("start", 1), Int("end", 2)]);
        self.integers("zero", &[0]);
        self.node("Slice", &[&table("position"), "zero", "length", "zero"], "positions", &[]);
        self.node("Add", &["x", "types"], "x", &[]);
        self.node("Add", &["x", "positions"], "x", &[]);
        self.norm("embeddings.LayerNorm", epsilon);
        // Nothing where the mask is 1, and far below zero where it is 0.
        self.floats("one", &[], &[1.0]);
        self.floats("far", &[], &[-1e9]);
        self.integers("one, two", &[1, 2]);
        self.node("Cast", &["attention_mask"], "mask", &[Int("to", 1)]);
        self.node("Sub", &["one", "mask"], "mask", &[]);
        self.node("Mul", &["mask", "far"], "mask", &[]);
        self.node("Unsqueeze", &["mask", "one, two"], "mask", &[]);
    }

    fn layer(&mut self, name: &str, hidden: usize, shape: &Shape) {
        let width = hidden / shape.heads;
        let size = |size: usize| i64::try_from(size).unwrap();
        self.integers("split", &[0, 0, size(shape.heads), size(width)]);
        self.integers("joined", &[0, 0, size(hidden)]);
        for (part, axes) in
            [("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])]
        {
            self.linear("x", &format!("{name}.attention.self.{part}"), part);
            self.node("Reshape", &[part, "split"], part, &[]);
            self.node("Transpose", &[part], part, &[Ints("perm", &axes)]);
        }
        self.floats("root", &[], &[(width as f32).sqrt()]);
        self.node("MatMul", &["query", "key"], "y", &[]);
        self.node("Div", &["y", "root"], "y", &[]);
        self.node("Add", &["y", "mask"], "y", &[]);
        self.node("Softmax", &["y"], "y", &[Int("axis", -1)]);
        self.node("MatMul", &["y", "value"], "y", &[]);
        self.node("Transpose", &["y"], "y", &[Ints("perm", &[0, 2, 1, 3])]);
        self.node("Reshape", &["y", "joined"], "y", &[]);
        self.linear("y", &format!("{name}.attention.output.dense"), "y");
        self.node("Add", &["y", "x"], "x", &[]);
        self.norm(&format!("{name}.attention.output.LayerNorm"), shape.epsilon);
        self.linear("x", &format!("{name}.intermediate.dense"), "y");
        self.gelu("y");
        self.linear("y", &format!("{name}.output.dense"), "y");
        self.node("Add", &["y", "x"], "x", &[]);
        self.norm(&format!("{name}.output.LayerNorm"), shape.epsilon);
    }

    fn classifier(&mut self) -> &'static str {
        self.integers("first", &[]);
        let transposed = [Int("transB", 1)];
        self.node("Gather", &["x", "first"], "x", &[Int("axis", 1)]);
        let weights = |name: &str| [format!("{name}.weight"), format!("{name}.bias")];
        let [weight, bias] = weights("pooler.dense");
        self.node("Gemm", &["x", &weight, &bias], "x", &transposed);
        self.node("Tanh", &["x"], "x", &[]);
        let [weight, bias] = weights("classifier");
        self.node("Gemm", &["x", &weight, &bias], "logits", &transposed);
        "logits"
    }

    fn linear(&mut self, from: &str, name: &str, to: &str) {
        self.node("MatMul", &[from, &format!("{name}.weight")], to, &[]);
        self.node("Add", &[to, &format!("{name}.bias")], to, &[]);
    }

    fn norm(&mut self, name: &str, epsilon: f32) {
        let inputs = ["x", &format!("{name}.weight"), &format!("{name}.bias")];
        self.node("LayerNormalization", &inputs, "x", &[Float("epsilon", epsilon)]);
    }

    fn gelu(&mut self, value: &str) {
        self.floats("root of two", &[], &[2.0_f32.sqrt()]);
        self.floats("half", &[], &[0.5]);
        self.node("Div", &[value, "root of two"], "erf", &[]);
        self.node("Erf", &["erf"], "erf", &[]);
        self.node("Add", &["erf", "one"], "erf", &[]);
        self.node("Mul", &[value, "erf"], value, &[]);
        self.node("Mul", &[value, "half"], value, &[]);
    }

    /// `op` of `inputs`, from now on called `output`.
    pub(crate) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[Attribute<'_>],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, &self.current(input));
        }
        *self.versions.entry(output.to_owned()).or_default() += 1;
        let output = self.current(output);
        node.text(2, &output).text(3, &output).text(4, op);
        for attribute in attributes {
            node.message(5, &attribute.message());
        }
        self.nodes.message(1, &node);
    }

    fn current(&self, name: &str) -> String {
        match self.versions.get(name) {
            Some(version @ 2..) => format!("{name} {version}"),
            _ => name.to_owned(),
        }
    }

    /// Weights, under a name that may have been given before.
    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.weight(name, shape, 1, &bytes);
    }

    fn integers(&mut self, name: &str, values: &[i64]) {
        // None stands for a zero without dimensions: an index.
        let (shape, values) =
            if values.is_empty() { (vec![], &[0][..]) } else { (vec![values.len()], values) };
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.weight(name, &shape, 7, &bytes);
    }

    fn weight(&mut self, name: &str, shape: &[usize], kind: u64, bytes: &[u8]) {
        if self.versions.insert(name.to_owned(), 1).is_some() {
            return;
        }
        let mut tensor = Message::default();
        for size in shape {
            tensor.int(1, *size as u64);
        }
        tensor.int(2, kind).text(8, name).bytes(9, bytes);
        self.weights.message(5, &tensor);
    }

    /// The file: integers of shape [passages, tokens] in, floats of any shape out.
    pub(crate) fn model(self, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
        let mut graph = self.nodes;
        graph.text(2, "bert");
        for input in inputs {
            let mut shape = Message::default();
            for name in ["passages", "tokens"] {
                shape.message(1, Message::default().text(2, name));
            }
            graph.message(11, &value(input, Message::default().int(1, 7).message(2, &shape)));
        }
        for output in outputs {
            graph.message(12, &value(output, Message::default().int(1, 1)));
        }
        graph.0.extend(self.weights.0);
        let mut model = Message::default();
        model.int(1, 8).message(7, &graph).message(8, Message::default().int(2, 17));
        model.0
    }
}

fn value(name: &str, tensor: &Message) -> Message {
    let mut value = Message::default();
    value.text(1, name).message(2, Message::default().message(1, tensor));
    value
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        let mut message = Message::default();
        match self {
            Int(name, x) => message.text(1, name).int(3, x.cast_unsigned()).int(20, 2),
            Float(name, x) => message.text(1, name).float(2, *x).int(20, 1),
            Ints(name, list) => {
                message.text(1, name);
                list.iter().for_each(|x| _ = message.int(8, x.cast_unsigned()));
                message.int(20, 7)
            }
        };
        message
    }
}

/// A message of Protocol Buffers; `onnx.proto` says which number stands for which field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut x: u64) -> &mut Self {
        while x > 0x7f {
            self.0.push((x & 0x7f) as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
        self
    }

    fn int(&mut self, field: u64, x: u64) -> &mut Self {
        self.varint(field << 3).varint(x)
    }

    fn float(&mut self, field: u64, x: f32) -> &mut Self {
        self.varint(field << 3 | 5).0.extend(x.to_le_bytes());
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2).varint(bytes.len() as u64).0.extend(bytes);
        self
    }

    fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(&mut self, field: u64, message: &Message) -> &mut Self {
        self.bytes(field, &message.0)
    }
}
