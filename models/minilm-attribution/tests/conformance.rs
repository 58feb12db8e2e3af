//! The model keeps the promises of its trait.

use standpoint_encoder::Precision;

#[test]
fn it_conforms_in_every_precision_of_this_processor() {
    for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
        if let Ok(model) = minilm_attribution::load(precision) {
            standpoint_core::testing::check_attribution_tagger(&model);
        }
    }
}
