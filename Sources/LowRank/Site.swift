/// One linear layer of a base model that LoRA adapts.
public struct Site: Sendable, Hashable, Codable {
    /// The module's path within the base model, such as `encoder.layer.0.attention.self.query`.
    public let path: String
    /// How many numbers go into the layer.
    public let inFeatures: Int
    /// How many come out of it.
    public let outFeatures: Int

    /// Makes a site.
    public init(path: String, inFeatures: Int, outFeatures: Int) {
        self.path = path
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
    }
}
