/// How an adapter is made from the library.
public enum AdapterStrategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// `sg-lora`, unless the generator's record shows it behind `weighted` or there is no generator.
    case auto
    /// The conditional VAE's sample around the semantic prior; needs a trained generator.
    case sgLoRA = "sg-lora"
    /// μ*: the weighted mean of the K nearest experts.
    case weighted
    /// The mean of the nearest expert's checkpoints.
    case nearest
    /// The mean of the whole library, whatever the intent.
    case mean
}
