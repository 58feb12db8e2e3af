//! What all fuzz targets share: they check a property of `fuzz/properties` and nothing else.

use std::panic;
use std::sync::Once;

/// Checks the property of that name.
///
/// libFuzzer's binding ends the process at any panic, before anybody can catch it. Standpoint catches those of
/// the parsers that it does not own and makes failures of them, so panics are silent here; one that nobody
/// caught still ends the process, when it leaves the target.
pub fn check(name: &str, input: &[u8]) {
    static CAUGHT: Once = Once::new();
    CAUGHT.call_once(|| {
        panic::set_hook(Box::new(|_| {}));
    });
    let property = properties::Property::named(name);
    if let Err(panic) = panic::catch_unwind(|| property.holds(input)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        eprintln!("{name} does not hold: {text}");
        std::process::abort();
    }
}
