#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    (fuzz_targets::find("signature-lists").expect("the target is in the list").run)(input);
});
