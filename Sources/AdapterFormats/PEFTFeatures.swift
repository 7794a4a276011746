internal import ErrorModel
internal import StrictJSON

/// Features of valid PEFT adapters that are not supported: each is rejected by name, with a remedy.
enum PEFTFeatures {
    private struct Feature {
        let field: String
        let name: String
        let remedy: String
    }

    private static let dora = (
        name: "DoRA (use_dora, lora_magnitude_vector)", remedy: "Train it with use_dora=False."
    )
    private static let wholeModules = (
        name:
            "whole layers beside LoRA (modules_to_save; SEQ_CLS and TOKEN_CLS set it for 'classifier' and 'score')",
        remedy:
            "Train it with modules_to_save=None and task_type FEATURE_EXTRACTION, or adapt the layer with LoRA."
    )
    private static let bias = (name: "trained biases (bias)", remedy: "Train it with bias=\"none\".")
    private static let factorBias = (
        name: "a bias on lora_B (lora_bias)", remedy: "Train it with lora_bias=False."
    )
    private static let tokens = (
        name: "trained tokens (trainable_token_indices)",
        remedy: "Train it with trainable_token_indices=None."
    )

    /// Factors that change another adapter's layers.
    static let stacked = SgloradError.unsupportedAdapter(
        feature: "layers of another adapter (base_layer)",
        remedy: "Merge that adapter into its model first (merge_and_unload), and train on the result.")

    private static let refused: [Feature] = [
        Feature(field: "use_dora", name: dora.name, remedy: dora.remedy),
        Feature(field: "modules_to_save", name: wholeModules.name, remedy: wholeModules.remedy),
        Feature(field: "lora_bias", name: factorBias.name, remedy: factorBias.remedy),
        Feature(field: "trainable_token_indices", name: tokens.name, remedy: tokens.remedy),
        Feature(
            field: "target_parameters", name: "LoRA on parameters (target_parameters)",
            remedy: "Adapt linear layers by target_modules."),
        Feature(
            field: "layer_replication", name: "replicated layers (layer_replication)",
            remedy: "Train it with layer_replication=None."),
        Feature(
            field: "alora_invocation_tokens", name: "activated LoRA (alora_invocation_tokens)",
            remedy: "Train it with alora_invocation_tokens=None."),
        Feature(field: "use_qalora", name: "QALoRA (use_qalora)", remedy: "Train it with use_qalora=False."),
        Feature(
            field: "use_bdlora", name: "block-diagonal LoRA (use_bdlora)",
            remedy: "Train it with use_bdlora=None."),
        Feature(
            field: "arrow_config", name: "Arrow routing among several adapters (arrow_config)",
            remedy: "Train it with arrow_config=None; PEFT cannot load such an adapter alone."),
        Feature(field: "kasa_config", name: "KaSA (kasa_config)", remedy: "Train it with kasa_config=None."),
        Feature(
            field: "monteclora_config", name: "MonteCLoRA (monteclora_config)",
            remedy: "Train it with monteclora_config=None."),
    ]

    /// Rejects a configuration that uses an unsupported feature.
    static func refuseUnsupported(_ fields: PEFTConfiguration.Fields) throws(SgloradError) {
        for feature in refused where fields.isSet(feature.field) {
            throw .unsupportedAdapter(feature: feature.name, remedy: feature.remedy)
        }
        if let value = try fields.string("bias"), value != "none" {
            throw .unsupportedAdapter(feature: bias.name, remedy: bias.remedy)
        }
        // These initialisations move a part of the base model's weights into A and B, so that ΔW is not B·A.
        if let start = fields["init_lora_weights"]?.string?.lowercased(),
            ["pissa", "olora", "corda", "lora_ga"].contains(where: { start.hasPrefix($0) })
        {
            throw .unsupportedAdapter(
                feature: "factors relative to changed base weights (init_lora_weights \(Quoted(start)))",
                remedy:
                    "Save it with path_initial_model_for_weight_conversion, which converts it to plain LoRA.")
        }
    }

    /// The error for a tensor that is not a LoRA factor; nil if its name belongs to no known feature.
    ///
    /// - Parameter parts: the tensor's name, split at its dots.
    static func refusal(of parts: [String]) -> SgloradError? {
        func unsupported(_ feature: (name: String, remedy: String)) -> SgloradError {
            .unsupportedAdapter(feature: feature.name, remedy: feature.remedy)
        }
        let names = Set(parts)
        if names.contains("lora_magnitude_vector") { return unsupported(dora) }
        if names.contains("lora_embedding_A") || names.contains("lora_embedding_B") {
            return .unsupportedAdapter(
                feature: "LoRA on embeddings (lora_embedding_A, lora_embedding_B)",
                remedy: "Train it with target_modules that are linear layers.")
        }
        if parts.contains(where: { $0.hasPrefix("trainable_tokens") }) { return unsupported(tokens) }
        if names.contains("lora_A") || names.contains("lora_B") {
            return parts.last == "bias" ? unsupported(factorBias) : nil
        }
        if !names.isDisjoint(with: ["modules_to_save", "classifier", "score", "original_module"]) {
            return unsupported(wholeModules)
        }
        if names.contains("base_layer") {
            return .unsupportedAdapter(
                feature: "the whole model's weights beside LoRA (base_layer)",
                remedy: "Save it with save_pretrained of the PEFT model, which writes the factors alone.")
        }
        if parts.last == "bias" { return unsupported(bias) }
        if !names.isDisjoint(with: ["lm_head", "embed_tokens", "word_embeddings"]), parts.last == "weight" {
            return .unsupportedAdapter(
                feature: "whole embedding layers beside LoRA",
                remedy: "Save it with save_embedding_layers=False.")
        }
        return nil
    }
}
