internal import ExpertLibrary
internal import Foundation

/// Names of base models that mean the same model.
///
/// A hub's name may have other capitals, an address in front or a slash at the end, or be the folder of the hub's local
/// cache. Paths and mirrors are not resolved: `/models/minilm` may be any model.
enum BaseName {
    /// The address of the Hugging Face hub, before a model's name.
    private static let hubs = [
        "https://huggingface.co/", "http://huggingface.co/", "https://hf.co/", "hf.co/",
    ]

    /// A name without the hub's address, `/tree/main` and slashes at the end; of a folder in the hub's cache the model's name.
    static func tidy(_ name: String) -> String {
        var text = name[...]
        if let hub = hubs.first(where: { text.lowercased().hasPrefix($0) }) {
            text = text.dropFirst(hub.count)
            for branch in ["/tree/", "/blob/", "/resolve/"] {
                if let range = text.range(of: branch) { text = text[..<range.lowerBound] }
            }
        }
        while text.count > 1, text.hasSuffix("/") { text = text.dropLast() }
        return cached(text) ?? String(text)
    }

    /// `org/model` of a path such as `…/models--org--model/snapshots/<revision>`.
    private static func cached(_ path: Substring) -> String? {
        let parts = path.split(separator: "/")
        guard let place = parts.lastIndex(where: { $0.hasPrefix("models--") }) else { return nil }
        let rest = parts[(place + 1)...]
        guard rest.isEmpty || rest.first == "snapshots" else { return nil }
        let names = parts[place].dropFirst("models--".count).split(separator: "--", maxSplits: 1)
        return names.isEmpty ? nil : names.joined(separator: "/")
    }

    /// The base that a name means: the one of that name, or else of that former name, or else of a name that differs only in
    /// what `tidy(_:)` removes and in capitals.
    static func find(_ name: String, in bases: [BaseRecord]) -> BaseRecord? {
        if let same = bases.first(where: { $0.name == name }) { return same }
        if let former = bases.first(where: { $0.formerNames.contains(name) }) { return former }
        let key = tidy(name).lowercased()
        let alike = bases.filter { base in
            ([base.name] + base.formerNames).contains { tidy($0).lowercased() == key }
        }
        return alike.count == 1 ? alike.first : nil
    }
}
