internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import LowRank

/// The base model that an import is for: a known one, or a new one that is plainly meant to be new.
struct ImportTarget {
    /// What is compared to find the base.
    struct Question {
        /// The name that the caller or the adapter's configuration gives.
        let name: String
        /// Whether the caller wants a new base even if it resembles a known one.
        let mayBeNew: Bool
        /// The adapter.
        let folder: PEFTFolder
        /// The layers of the text encoder, and its name; nil if it cannot be loaded.
        let encoder: (name: String, sites: [Site])?
        /// All bases, each with whether its library has experts.
        let bases: [(base: BaseRecord, hasExperts: Bool)]

        /// The adapter's sites, sorted by path.
        var sites: [Site] { folder.checkpoints.first?.factors.map(\.site) ?? [] }
    }

    /// The base's name.
    let name: String
    /// What the caller should know.
    let notes: [String]

    /// Finds the base.
    ///
    /// - Throws: `layoutMismatch` for the sites of a known model under a prefix, or of another layout; `alreadyExists` if the
    ///   base would be new but has the sites of a known one.
    init(_ question: Question) throws(SgloradError) {
        let (asked, sites) = (question.name, question.sites)
        let known = BaseName.find(asked, in: question.bases.map(\.base))
        if let known, known.name == asked || known.formerNames.contains(asked) || !question.mayBeNew {
            name = known.name
            notes =
                known.name == asked
                ? [] : ["The base model \(Quoted(asked)) is known here as \(Quoted(known.name))."]
            let hasExperts = question.bases.contains { $0.base.name == known.name && $0.hasExperts }
            if known.isBegunAnew(hasExperts: hasExperts) {
                try Self.refuseResemblance(question)
                return
            }
            guard known.layout.sites != sites else { return }
            if let found = SiteResemblance(sites, with: known.layout.sites, of: "the base '\(known.name)'") {
                throw found.refusal(of: question.folder.names)
            }
            return
        }
        name = BaseName.tidy(asked)
        notes = []
        guard !question.mayBeNew else { return }
        try Self.refuseResemblance(question)
        let twin = question.bases.first { $0.hasExperts && $0.base.layout.sites == sites }?.base
        if let twin {
            throw SgloradError(
                .alreadyExists,
                "The base model \(Quoted(asked)) is not known here, but the adapter's \(sites.count) sites are those of "
                    + "the known base '\(twin.name)'. If both are the same model, import with --base '\(twin.name)'; for "
                    + "a base of its own, add --new-base.",
                parameters: ["kind": .string("base"), "name": .string(twin.name)])
        }
    }

    /// Refuses sites of a known model under a prefix, from which a new base must not take its layout.
    ///
    /// - Throws: `layoutMismatch`.
    static func refuseResemblance(_ question: Question) throws(SgloradError) {
        guard !question.mayBeNew else { return }
        let sites = question.sites
        var found = question.encoder.flatMap {
            SiteResemblance(sites, with: $0.sites, of: "the text encoder '\($0.name)'")
        }
        for (base, hasExperts) in question.bases
        where found == nil && !base.isBegunAnew(hasExperts: hasExperts) {
            found = SiteResemblance(sites, with: base.layout.sites, of: "the base '\(base.name)'")
        }
        if let found = found ?? SiteResemblance(sites) { throw found.refusal(of: question.folder.names) }
    }
}

extension BaseRecord {
    /// Whether the next import takes the place of the base's layout: its library had experts and is empty.
    func isBegunAnew(hasExperts: Bool) -> Bool { !hasExperts && reference != nil }
}

extension SgloradError {
    /// A mismatch of sites with what the adapter and the library call theirs; other errors stay as they are.
    func naming(_ names: PEFTNames, _ base: BaseRecord) -> SgloradError {
        guard code == .layoutMismatch else { return self }
        let sites = base.layout.sites
        let more =
            "\(names.sentence) The library of '\(base.name)' has \(sites.count) sites, such as "
            + "\(Quoted(sites.first?.path ?? ""))."
        var parameters = parameters
        if case .string(let reason)? = parameters["reason"] {
            parameters["reason"] = .string("\(reason). \(more)")
        }
        return SgloradError(code, "\(message) \(more)", parameters: parameters, cause: cause)
    }
}
