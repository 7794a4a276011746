internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import LowRank

/// Recognises the sites of a known model under a prefix: PEFT was then wrapped around a larger model, and adapters with such
/// paths do nothing in the model itself.
struct SiteResemblance {
    /// The model whose sites they are, in words.
    let model: String
    /// What stands before its sites; in the model itself if `isLonger` is false.
    let prefix: String
    /// Whether the adapter has the prefix, and not the known model.
    let isLonger: Bool
    /// How many of the adapter's sites are known under the prefix.
    let count: Int
    /// The first of them.
    let example: Site

    /// The components that models with a head, and models around a Transformer, put before its modules.
    private static let bodies: Set<String> = [
        "bert", "roberta", "distilbert", "electra", "deberta", "mpnet", "albert", "camembert", "xlm_roberta",
        "mobilebert", "nomic_bert", "auto_model",
    ]

    /// Compares an adapter's sites with those of a model.
    ///
    /// - Returns: nil if less than half of the adapter's sites are the model's under one prefix, or some are without.
    init?(_ sites: [Site], with known: [Site], of model: String) {
        let own = Set(known)
        guard !sites.isEmpty, own.isDisjoint(with: sites) else { return nil }
        let longer = Self.prefixes(of: sites, before: known)
        let shorter = Self.prefixes(of: known, before: sites)
        func best(_ found: [String: [Site]]) -> (key: String, value: [Site])? {
            found.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        }
        let candidates = [(best(longer), true), (best(shorter), false)].compactMap { found, isLonger in
            found.map { (prefix: $0.key, sites: $0.value, isLonger: isLonger) }
        }
        guard let found = candidates.first, 2 * found.sites.count >= sites.count,
            let example = found.sites.first
        else { return nil }
        self.model = model
        (prefix, isLonger, count) = (found.prefix, found.isLonger, found.sites.count)
        self.example =
            found.isLonger
            ? example
            : Site(
                path: String(example.path.dropFirst(found.prefix.count)), inFeatures: example.inFeatures,
                outFeatures: example.outFeatures)
    }

    /// Recognises the body of a model with a head, or of a SentenceTransformer, by the names alone.
    init?(_ sites: [Site]) {
        var found: [String: [Site]] = [:]
        for site in sites {
            let parts = site.path.split(separator: ".").map { String($0) }
            guard let place = Self.end(ofPrefix: parts) else { continue }
            found[parts[...place].joined(separator: ".") + ".", default: []].append(site)
        }
        guard let best = found.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }),
            2 * best.value.count >= sites.count, let example = best.value.first
        else { return nil }
        (model, prefix, isLonger) = ("a Transformer without a head", best.key, true)
        (count, self.example) = (best.value.count, example)
    }

    /// The last component of what stands before a Transformer's own modules; nil if nothing does.
    private static func end(ofPrefix parts: [String]) -> Int? {
        if let body = parts.firstIndex(where: bodies.contains), body < 3, body + 1 < parts.count {
            return body
        }
        // BERT and its relatives begin with `encoder.layer.<n>.attention`.
        guard let layer = parts.firstIndex(of: "layer"), layer > 1, parts[layer - 1] == "encoder",
            layer + 2 < parts.count, Int(parts[layer + 1]) != nil, parts[layer + 2] == "attention"
        else { return nil }
        return layer - 2
    }

    /// The longer sites that are a prefix and one of the shorter sites, with the same features, by their prefix.
    private static func prefixes(of longer: [Site], before shorter: [Site]) -> [String: [Site]] {
        let known = Set(shorter)
        var found: [String: [Site]] = [:]
        for site in longer {
            for (index, character) in zip(site.path.indices, site.path) where character == "." {
                let rest = site.path[site.path.index(after: index)...]
                let bare = Site(
                    path: String(rest), inFeatures: site.inFeatures, outFeatures: site.outFeatures)
                guard known.contains(bare) else { continue }
                found[String(site.path[...index]), default: []].append(site)
                break
            }
        }
        return found
    }

    /// The refusal: what the adapter's own tensors are called and what to do.
    func refusal(of names: PEFTNames) -> SgloradError {
        let difference =
            isLonger
            ? "and \(count - 1) more are sites of \(model) under the prefix '\(prefix)'. PEFT was applied to a larger "
                + "model around it, and adapters with such names do nothing in the model itself"
            : "and \(count - 1) more are sites of \(model) without its prefix '\(prefix)'. PEFT was applied to a part of "
                + "that model, and adapters with such names do nothing in the whole"
        return .layoutMismatch(
            site: example.path,
            reason: "\(difference). \(names.sentence) Train it on the model that the library is for (for a "
                + "SentenceTransformer on its Transformer, model[0].auto_model), or rename its tensors. If it is meant "
                + "for another base model, import it with --new-base and --base NAME")
    }
}

extension PEFTNames {
    /// How the adapter's tensors are named, as a sentence.
    var sentence: String { "The adapter has \(count) tensors, named like \(Quoted(example))." }
}
