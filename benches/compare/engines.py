"""The engines side by side: who encodes how many sentences in a second of CPU time."""

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from tokenizers import Tokenizer

HERE = Path(__file__).parent
WORK = HERE / ".work"
ROOT = HERE.parent.parent
MINILM = WORK / "models/minilm"
PASSAGES = WORK / "passages.txt"

COUNT = 2000
MEAN_TOKENS = 27
# What is tried to find each engine's best batch size and graph, and on how many passages.
BATCHES = [1, 4, 16, 64]
PROBED = 400

# Every runtime gets one thread; engine.py and src/bin tell those that do not listen to these. And
# nothing is to be looked up in the network.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "RTEN_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

# The ratios of the table are to this engine.
BASE = "ONNX Runtime f32"
# An engine whose vectors are further from ours in f32 computes something else.
LEAST_COSINE = {"f32": 0.9999, "bf16": 0.999, "int8": 0.8}


@dataclass
class Engine:
    """A program of the protocol that src/lib.rs describes, and what may be tuned of it."""

    name: str
    version: str
    precision: str
    command: list
    variants: list
    batches: list


class Process:
    """An engine that has loaded its model."""

    def __init__(self, engine, variant):
        self.vectors_file = WORK / "vectors" / f"{engine.name} {variant}.f32"
        self.vectors_file.parent.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [*engine.command, variant, PASSAGES, self.vectors_file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ENVIRONMENT,
        )
        self.name = engine.name
        if self.answer() != "ready":
            raise SystemExit(f"{engine.name} does not speak the protocol of src/lib.rs")

    def round(self, batch, count):
        """Wall seconds and CPU seconds of one round."""
        print(batch, count, file=self.process.stdin, flush=True)
        wall, cpu = map(float, self.answer().split())
        return {"wall": wall, "cpu": cpu}

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} stopped; its own message stands above")
        return line.strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def vectors(self):
        return np.fromfile(self.vectors_file, dtype=np.float32).reshape(COUNT, -1)


def engines(programs, precisions):
    """All that can run here; `precisions` are those that the processor has instructions for."""
    packages = tomllib.loads((HERE / "Cargo.lock").read_text())["package"]
    crates = {package["name"]: package["version"] for package in packages}
    wheel = importlib.metadata.version
    commit = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(commit, check=True, capture_output=True, text=True).stdout.strip()

    def ours(precision):
        command = [programs / "ours", ROOT / "models/minilm"]
        return Engine(f"Standpoint {precision}", commit, precision, command, [precision], [COUNT])

    def rival(name, version, precision, command, variants):
        command = [*command, MINILM]
        return Engine(f"{name} {precision}", version, precision, command, variants, BATCHES)

    python = [sys.executable, HERE / "engine.py"]
    ort = ("ONNX Runtime", wheel("onnxruntime"))
    rten = ("rten", crates["rten"])
    graphs = ["int8", "int8-channel"]
    fused = ["int8-fused", "int8-fused-channel"]
    found = [ours(precision) for precision in ["f32", "bf16", "int8"] if precision in precisions]
    found += [
        rival(*ort, "f32", [*python, "onnxruntime"], ["f32", "f32-fused"]),
        rival(*ort, "int8", [*python, "onnxruntime"], graphs + fused),
        rival(*rten, "f32", [programs / "rten"], ["f32"]),
        rival(*rten, "int8", [programs / "rten"], graphs),
        rival("candle", crates["candle-core"], "f32", [programs / "candle"], ["f32"]),
        rival("torch", wheel("torch"), "f32", [*python, "torch"], ["f32"]),
    ]
    # For this program alone: torch in Python is to find its own libraries.
    libtorch = os.environ.get("LIBTORCH", WORK.parent.parent.parent / "models/rust-bert/.libtorch")
    rust_bert = ["env", f"LD_LIBRARY_PATH={libtorch}/lib", programs / "rust-bert"]
    found.append(rival("rust-bert", crates["rust-bert"], "f32", rust_bert, ["f32"]))
    return found


def write_passages(programs):
    """The passages that all encode; see src/bin/passages.rs for the rule."""
    command = [programs / "passages", MINILM / "tokenizer.json", str(COUNT), str(MEAN_TOKENS)]
    with PASSAGES.open("w") as out:
        subprocess.run([*command, WORK / "corpus"], check=True, stdout=out)


def passage_lengths():
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    passages = PASSAGES.read_text().splitlines()
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(passages)]


def multiply_adds(lengths):
    """Of the mean passage: the linear layers and the two products of attention."""
    config = json.loads((MINILM / "config.json").read_text())
    layers, hidden = config["num_hidden_layers"], config["hidden_size"]
    a_token = 4 * hidden * hidden + 2 * hidden * config["intermediate_size"]
    a_pair_of_tokens = 2 * hidden
    tokens, pairs = np.mean(lengths), np.mean(np.square(lengths))
    return float(layers * (tokens * a_token + pairs * a_pair_of_tokens))


def measure_peaks(programs):
    """Billion operations in a second of CPU time, by precision."""
    out = subprocess.run([programs / "peak"], check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in out.splitlines()]
    return {precision: float(peak) for _, _, precision, peak in lines}


def tune(engine):
    """The engine with the graph and the batch size that are fastest for it, and what was tried."""
    tried, best = [], None
    for variant in engine.variants:
        process = Process(engine, variant)
        for batch in engine.batches:
            # The first round also warms up.
            cpu = min(process.round(batch, PROBED)["cpu"] for _ in range(2))
            tried.append({"variant": variant, "batch": batch, "cpu": cpu})
        fastest = min(tried, key=lambda attempt: attempt["cpu"])
        if fastest["variant"] == variant:
            best, process = process, best
        if process:
            process.stop()
    return best, fastest, tried


def compare(programs, rounds, say):
    """Everything that was measured, as it goes into raw.json."""
    write_passages(programs)
    lengths = passage_lengths()
    peaks = [measure_peaks(programs)]
    running, results = [], {}
    for engine in engines(programs, peaks[0]):
        process, fastest, tried = tune(engine)
        running.append((engine.name, process, fastest["batch"]))
        results[engine.name] = {
            "version": engine.version,
            "precision": engine.precision,
            "variant": fastest["variant"],
            "batch": fastest["batch"],
            "tried": tried,
            "rounds": [],
        }
        say(f"{engine.name}: graph {fastest['variant']}, batches of {fastest['batch']}")
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        peaks.append(measure_peaks(programs))
        first = number % len(running)
        for name, process, batch in running[first:] + running[:first]:
            results[name]["rounds"].append(process.round(batch, COUNT))
    ours = running[0][1].vectors()
    for name, process, _ in running:
        process.stop()
        cosines = (ours * process.vectors()).sum(axis=1)
        results[name]["cosine"] = {"min": float(cosines.min()), "mean": float(cosines.mean())}
        least = LEAST_COSINE[results[name]["precision"]]
        if cosines.min() < least:
            raise SystemExit(f"{name}: a vector has the cosine {cosines.min():.4f} to ours, < {least}")
    return {
        "passages": COUNT,
        "mean_tokens": float(np.mean(lengths)),
        "multiply_adds": multiply_adds(lengths),
        "peaks": peaks,
        "engines": results,
    }


def table(measured):
    """The table of the engines, in Markdown."""
    peaks = {name: median(p[name] for p in measured["peaks"]) for name in measured["peaks"][0]}
    bounds = {name: peak * 1e9 / (2 * measured["multiply_adds"]) for name, peak in peaks.items()}
    lines = [
        "| engine | version | graph, batch | sentences per CPU-second | times ONNX Runtime f32 "
        "| of bound | cosine: least, mean |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    speeds = {
        name: [COUNT / one["cpu"] for one in result["rounds"]]
        for name, result in measured["engines"].items()
    }
    for name, result in measured["engines"].items():
        ratios = [speed / base for speed, base in zip(speeds[name], speeds[BASE])]
        bound = bounds.get(result["precision"])
        share = f"{median(speeds[name]) / bound:.0%}" if bound else "–"
        tuned = f"{result['variant']}, {result['batch']}"
        lines.append(
            f"| {name} | {result['version']} | {tuned} | {spread(speeds[name], 0)} "
            f"| {spread(ratios, 2)} | {share} "
            f"| {result['cosine']['min']:.4f}, {result['cosine']['mean']:.4f} |"
        )
    lines += ["", "| precision | G(FL)OP/s a core | bound in sentences per CPU-second |"]
    lines += ["| --- | --- | --- |"]
    for name, bound in bounds.items():
        lines.append(f"| {name} | {spread([p[name] for p in measured['peaks']], 0)} | {bound:.0f} |")
    return lines


def spread(values, digits):
    """Median, least and most."""
    low, middle, high = (f"{v:.{digits}f}" for v in (min(values), median(values), max(values)))
    return f"{middle} [{low}–{high}]"
