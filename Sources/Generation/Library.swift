public import ErrorModel
public import LinearAlgebra
public import LowRank
public import SemanticGuidance

/// One expert's parameters on the library's layout.
///
/// Vectors of parameters have `layout.parameterCount` values, called D.
public struct LibraryExpert: Sendable {
    /// The expert's name, unique in its library.
    public let name: String
    /// The digest of the imported files.
    public let digest: String
    /// Its task in plain words; empty if it is not known.
    public let description: String
    /// d_e: the unit embedding of its description.
    public let embedding: [Float]
    /// μ_e: the mean of its checkpoints, D values.
    public let mean: FloatVector
    /// σ_e²: the population variance over its checkpoints, D values.
    public let variance: FloatVector
    /// Its checkpoints x_e^m, D values each; at least one.
    public let checkpoints: [FloatVector]
    /// Whether its factors are in a gauge other than the library's, so that only ΔW = BA can be merged with
    /// other experts.
    public let isForeign: Bool

    /// Creates an expert.
    public init(
        name: String, digest: String, description: String = "", embedding: [Float], mean: FloatVector,
        variance: FloatVector, checkpoints: [FloatVector], isForeign: Bool = false
    ) {
        self.name = name
        self.digest = digest
        self.description = description
        self.embedding = embedding
        self.mean = mean
        self.variance = variance
        self.checkpoints = checkpoints
        self.isForeign = isForeign
    }
}

/// What an adapter is generated from: a library of which the guiding experts can be read.
///
/// A request reads the experts that guide it and no others, so that its time does not grow with the library.
public protocol GuidingExperts: Sendable {
    /// The layout that all experts share.
    var layout: AdapterLayout { get }
    /// An expert by its index in the library's order; only those that guide may be asked for.
    func expert(_ index: Int) -> LibraryExpert
    /// Whether the library has exactly these experts, in this order.
    func consists(of experts: [GeneratorRecord.Expert]) -> Bool
    /// The mean of all experts.
    func mean() throws(SgloradError) -> [Float]
}

/// A snapshot of all experts of one base model.
public struct Library: GuidingExperts {
    /// The layout that all experts share.
    public let layout: AdapterLayout
    /// The experts, sorted by the bytes of their names, so that the order of imports does not matter.
    public let experts: [LibraryExpert]
    /// The embeddings of the experts' descriptions, in the order of ``experts``.
    public let index: ExpertIndex

    /// Creates a library from experts in any order.
    public init(layout: AdapterLayout, experts: [LibraryExpert]) {
        self.layout = layout
        self.experts = experts.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.index = ExpertIndex(embeddings: self.experts.map(\.embedding))
    }

    public func expert(_ index: Int) -> LibraryExpert { experts[index] }

    public func consists(of experts: [GeneratorRecord.Expert]) -> Bool {
        self.experts.map(\.digest) == experts.map(\.digest)
    }

    /// The library without its foreign experts: the experts whose means, variances and principal directions
    /// are meaningful.
    public var native: Library {
        experts.contains(where: \.isForeign) ? filtered { !$0.isForeign } : self
    }

    /// The experts' names and digests, to which a generator is bound.
    var identities: [GeneratorRecord.Expert] {
        experts.map { GeneratorRecord.Expert(name: $0.name, digest: $0.digest) }
    }

    /// Checks that there are enough experts to train a generator on.
    ///
    /// - Parameter base: the base model's name, for the error.
    /// - Throws: `trainingFailed` for fewer than two experts.
    func requireTwoExperts(base: String) throws(SgloradError) {
        guard experts.count < 2 else { return }
        throw .trainingFailed(
            base: base,
            reason: "the library has \(experts.count) expert(s), and a generator needs at least two",
            remedy: "Import more with 'sglorad-ctl expert import DIR'.")
    }

    /// The library without the named experts.
    public func excluding(_ names: Set<String>) -> Library { filtered { !names.contains($0.name) } }

    /// The library of exactly the experts with these digests; nil if one of them is missing.
    public func subset(digests: [String]) -> Library? {
        let wanted = Set(digests)
        let subset = filtered { wanted.contains($0.digest) }
        return subset.experts.count == wanted.count ? subset : nil
    }

    private func filtered(_ isIncluded: (LibraryExpert) -> Bool) -> Library {
        Library(layout: layout, experts: experts.filter(isIncluded))
    }
}
