public import LinearAlgebra
public import LowRank
public import SemanticGuidance

/// One expert's parameters on the library's layout.
public struct LibraryExpert: Sendable {
    /// The expert's name, unique in its library.
    public let name: String
    /// The digest of what was imported.
    public let digest: String
    /// d_e: the unit embedding of its description.
    public let embedding: [Float]
    /// μ_e: the mean of its checkpoints, `layout.parameterCount` numbers.
    public let mean: FloatVector
    /// σ_e²: the population variance over its checkpoints, likewise.
    public let variance: FloatVector
    /// Its checkpoints x_e^m, likewise each; at least one.
    public let checkpoints: [FloatVector]
    /// Whether its factors are in a gauge of their own: it can be merged by ΔW only.
    public let isForeign: Bool

    /// Makes an expert from its parts.
    public init(
        name: String, digest: String, embedding: [Float], mean: FloatVector, variance: FloatVector,
        checkpoints: [FloatVector], isForeign: Bool = false
    ) {
        self.name = name
        self.digest = digest
        self.embedding = embedding
        self.mean = mean
        self.variance = variance
        self.checkpoints = checkpoints
        self.isForeign = isForeign
    }
}

/// All experts of one base model at one moment, sorted by name.
public struct Library: Sendable {
    /// The layout that all experts share.
    public let layout: AdapterLayout
    /// The experts, sorted by name: the order in which they were imported changes nothing.
    public let experts: [LibraryExpert]
    /// Their descriptions' embeddings, in the same order.
    public let index: ExpertIndex

    /// Makes a library from experts in any order.
    public init(layout: AdapterLayout, experts: [LibraryExpert]) {
        self.layout = layout
        self.experts = experts.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.index = ExpertIndex(embeddings: self.experts.map(\.embedding))
    }

    /// The library of the experts that share its gauge: those that means, variances and principal directions are taken of.
    public var native: Library {
        experts.contains(where: \.isForeign)
            ? Library(layout: layout, experts: experts.filter { !$0.isForeign }) : self
    }

    /// The library of the named digests alone; nil if one of them is missing.
    public func subset(digests: [String]) -> Library? {
        let wanted = Set(digests)
        let chosen = experts.filter { wanted.contains($0.digest) }
        return chosen.count == wanted.count ? Library(layout: layout, experts: chosen) : nil
    }
}
