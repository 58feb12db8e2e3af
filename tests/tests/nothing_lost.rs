//! Whatever breaks off a run or damages what it left: the next one says what it met and finishes with the
//! bytes of an undisturbed one, so that no record is lost or doubled.

use fastrand::Rng;
use standpoint_tests::{assert_same, code, output, results, rows, standpoint, stderr};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a run is killed.
const KILLS: usize = 200;
/// A run is killed at a moment up to so many times as long after its start as a whole one takes.
const BEYOND_THE_END: f64 = 1.1;

/// A folder with a small corpus, one document of it broken, and an undisturbed run over it.
struct Case {
    folder: tempfile::TempDir,
    undisturbed: PathBuf,
}

impl Case {
    fn new(documents: usize) -> Case {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut feed = "{ broken\n".to_owned();
        for i in 0..documents {
            let says = ["works", "fails", "is a mistake", "is fair"];
            let sentence = |j: usize| {
                let (says, place) = (says[(i + j) % 4], i * 5 + j);
                format!("The carbon levy {says} in valley {place} of the north.")
            };
            let text: Vec<String> = (0..5).map(sentence).collect();
            let (id, text) = (format!("d{i}"), text.join(" "));
            let row = serde_json::json!({ "id": id, "text": text, "sitename": "Gazette" });
            feed.push_str(&format!("{row}\n"));
        }
        fs::write(folder.path().join("feed.jsonl"), feed).expect("the feed can be written");
        let undisturbed = folder.path().join("undisturbed");
        let case = Case { folder, undisturbed };
        case.finish(&case.undisturbed);
        assert_eq!(rows(&case.undisturbed.join("documents.jsonl")).len(), documents);
        assert_eq!(rows(&case.undisturbed.join("stances.jsonl")).len(), documents);
        case
    }

    fn run(&self, out: &Path) -> Command {
        let mut command = standpoint();
        command.arg("run").arg(self.folder.path().join("feed.jsonl"));
        command.args(["--target", "the carbon levy", "--embedder", "lexical"]);
        command.args(["--stance-model", "lexical", "--tagger", "rules", "--threads", "2"]);
        command.arg("--out").arg(out);
        command
    }

    /// Runs to the end, and returns what was said on standard error.
    fn finish(&self, out: &Path) -> String {
        let ran = output(&mut self.run(out));
        let said = stderr(&ran);
        // One of the documents is broken.
        assert_eq!(code(&ran), 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// Runs to the end and compares what is left; returns what was said on standard error.
    fn finishes_the_same(&self, out: &Path) -> String {
        let said = self.finish(out);
        assert_same(out, &self.undisturbed);
        said
    }
}

#[test]
fn killed_at_200_random_moments_a_run_loses_and_doubles_nothing() {
    let case = Case::new(12);
    let started = Instant::now();
    case.finish(&case.folder.path().join("timed"));
    let whole = started.elapsed().mul_f64(BEYOND_THE_END);

    let mut random = Rng::with_seed(6);
    let (mut killed, mut finished) = (0, 0);
    while killed < KILLS {
        // Into one folder, killed again and again, until it comes to its end.
        let out = case.folder.path().join(format!("out-{finished}"));
        while killed < KILLS && is_killed(&mut case.run(&out), whole.mul_f64(random.f64())) {
            killed += 1;
        }
        let said = case.finishes_the_same(&out);
        assert!(!said.contains("damaged"), "a killed run damages no store: {said}");
        fs::remove_dir_all(&out).expect("the folder can be removed");
        finished += 1;
    }
    println!("{killed} kills, {finished} times finished with the same bytes");
}

/// Starts a run and kills it at the moment given; whether it came to its end before.
fn is_killed(run: &mut Command, moment: Duration) -> bool {
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut stdout = child.stdout.take().expect("its output is piped");
    let (end, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        // The output is closed when the run ends, by itself or not.
        scope.spawn(move || {
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
            let _ = end.send(());
        });
        let _ = ended.recv_timeout(moment);
        child.kill().expect("it can be killed, or has ended");
        let status = child.wait().expect("it has ended");
        status.code().is_none()
    })
}

#[test]
fn a_damaged_store_is_told_and_costs_no_more_than_time() {
    let case = Case::new(12);
    let out = case.folder.path().join("out");
    case.finishes_the_same(&out);
    let store = out.join("store.redb");
    let whole = fs::read(&store).expect("a store");
    assert_eq!(case.finishes_the_same(&out), "", "nothing is said of a store that is whole");

    let truncated = &whole[..whole.len() / 2];
    let mut flipped = whole.clone();
    // In a page of answers: in each, some bit of each 64 bytes.
    flipped[4096..].iter_mut().step_by(64).for_each(|byte| *byte ^= 16);
    for damaged in [truncated, &flipped, b"no store at all"] {
        fs::write(&store, damaged).expect("the store can be written");
        let said = case.finishes_the_same(&out);
        let told = "the store of earlier answers is damaged and was set aside as";
        assert!(said.contains(told) && said.contains("store.damaged.redb"), "{said}");
        assert!(out.join("store.damaged.redb").is_file(), "it is kept");
        assert_eq!(case.finishes_the_same(&out), "", "the new store is whole");
    }
}

#[test]
fn a_folder_is_one_runs_at_a_time() {
    let case = Case::new(12);
    let out = case.folder.path().join("out");
    fs::create_dir(&out).expect("the folder can be made");
    // Another run is whoever holds the lock.
    let held = fs::File::create(out.join(".lock")).expect("the lock can be made");
    held.try_lock().expect("nobody else has it");
    let refused = output(&mut case.run(&out));
    assert_eq!(code(&refused), 2);
    let said = stderr(&refused);
    let sentence = format!("the output folder {} is in use by another run", out.display());
    assert!(said.contains(&sentence) && said.contains("--out"), "{said}");
    assert_eq!(fs::read_dir(&out).expect("it is there").count(), 1, "nothing was touched");
    drop(held);
    case.finishes_the_same(&out);
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let case = Case::new(60);
    // From too small for the store to too small for the last of the tables.
    let mut refused = 0;
    for kilobytes in [64, 256, 512, 768, 1024] {
        let Some(disk) =
            Disk::mount(&case.folder.path().join("disk"), &format!("size={kilobytes}k"))
        else {
            return;
        };
        let out = disk.path.join("out");
        let ran = output(&mut case.run(&out));
        if code(&ran) != 1 {
            refused += 1;
            let said = stderr(&ran);
            assert!(said.contains("No space left on device"), "{kilobytes} kB: {said}");
            assert!(!said.contains("panicked"), "{kilobytes} kB: {said}");
            assert!(said.contains(&out.to_string_lossy().into_owned()), "{said}");
            assert!(!out.join("run.json").exists(), "it is no finished run");
        }
        // Somebody makes room.
        disk.remount("size=64m");
        case.finishes_the_same(&out);
    }
    assert!(refused >= 3, "{refused} of the disks were too small");
}

#[test]
fn a_full_disk_leaves_the_results_of_an_earlier_run() {
    let case = Case::new(12);
    let Some(disk) = Disk::mount(&case.folder.path().join("disk"), "size=64m") else { return };
    let out = disk.path.join("out");
    case.finishes_the_same(&out);
    // All but a few pages are taken.
    let filling = fs::File::create(disk.path.join("filling")).expect("a file");
    let filled = std::io::copy(&mut std::io::repeat(1), &mut &filling);
    assert!(filled.is_err(), "the disk is full");
    let ran = output(&mut case.run(&out));
    assert_eq!(code(&ran), 3, "{}", stderr(&ran));
    assert!(stderr(&ran).contains("No space left on device"), "{}", stderr(&ran));
    assert!(!out.join(".work").exists(), "nothing of it takes up room");
    assert_same(&out, &case.undisturbed);
    drop(filling);
    fs::remove_file(disk.path.join("filling")).expect("room is made");
    case.finishes_the_same(&out);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let case = Case::new(12);
    let Some(disk) = Disk::mount(&case.folder.path().join("disk"), "size=64m") else { return };
    let out = disk.path.join("out");
    case.finishes_the_same(&out);
    disk.remount("ro");
    let ran = output(&mut case.run(&out));
    assert_eq!(code(&ran), 2);
    let sentence = format!("cannot use {} as the output folder: Read-only", out.display());
    assert!(stderr(&ran).contains(&sentence), "{}", stderr(&ran));
    assert_same(&out, &case.undisturbed);
    disk.remount("rw");
    case.finishes_the_same(&out);
}

/// A file system of its own, in memory, where this may mount one.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path, options: &str) -> Option<Disk> {
        fs::create_dir_all(path).expect("a folder");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Disk { path: path.to_owned() });
        }
        eprintln!("not tested: mounting a file system needs Linux and root");
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.path).status();
        assert!(done.is_ok_and(|status| status.success()), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

#[test]
fn what_an_archive_holds_beside_documents_is_counted_and_no_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("desk.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).expect("a file"));
    let entries = ["a.jpg", "b.jpg", "c.png", "levy.txt", "LICENCE"];
    for name in entries {
        let text = &b"The levy is fair. It works in every valley of the north."[..];
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text).expect("an entry");
    }
    archive.finish().expect("an archive");

    let out = folder.path().join("out");
    let mut run = standpoint();
    run.arg("run").arg(&path).args(["--target", "the levy", "--embedder", "lexical"]);
    run.args(["--stance-model", "lexical", "--tagger", "rules", "--out"]).arg(&out);
    let ran = output(&mut run);
    assert_eq!(code(&ran), 0, "{}", stderr(&ran));
    let manifest: serde_json::Value =
        serde_json::from_slice(&results(&out)["run.json"]).expect("run.json is JSON");
    assert_eq!(manifest["skipped_files"], 4);
    let file = &manifest["inputs"][0];
    assert_eq!(
        (&file["documents"], &file["failed"], &file["skipped"]),
        (&1.into(), &0.into(), &4.into())
    );
    assert_eq!(
        file["skipped_names"],
        serde_json::json!(["desk.tar/a.jpg", "desk.tar/b.jpg", "desk.tar/c.png"])
    );
}
