#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| standpoint_fuzz::check("aliases", input));
