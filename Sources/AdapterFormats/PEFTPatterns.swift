internal import ErrorModel

/// A `rank_pattern` or `alpha_pattern`: values for the modules that a key matches.
///
/// PEFT reads a key as a regular expression, `(.*\.)?(key)$` from the path's start, and takes the first that matches. Here
/// keys are plain names and paths, with "^" before one that must be the whole path, as PEFT itself writes them; a dot
/// stands for a dot only. Other regular expressions are refused by name: a hostile one could run without end.
struct PEFTPatterns<Value: Sendable>: Sendable {
    private var entries: [String: (order: Int, value: Value)] = [:]

    /// Reads a member that is an object; `read` gives nil for what is not a value.
    init(
        _ fields: PEFTConfiguration.Fields, _ name: String, read: (StrictJSON) -> Value?
    ) throws(SgloradError) {
        guard let object = fields[name] else { return }
        guard let members = object.object else { throw fields.wrong(name, object, "an object") }
        for (order, member) in members.enumerated() {
            let plain =
                member.name.utf8.first == UInt8(ascii: "^") ? member.name.dropFirst() : member.name[...]
            guard !plain.isEmpty,
                !plain.unicodeScalars.contains(where: { "\\^$*+?{}[]|()".unicodeScalars.contains($0) })
            else {
                throw .unsupportedAdapter(
                    feature: "the regular expression \(Quoted(member.name)) in \(name)",
                    remedy: "Write \(name) with plain module paths and save the adapter again.")
            }
            guard let value = read(member.value) else {
                throw fields.wrong("\(name) \(Quoted(member.name))", member.value, "a number in range")
            }
            entries[member.name] = (order, value)
        }
    }

    /// The value of the first key, in the file's order, that matches a path.
    func first(matching path: String) -> Value? {
        guard !entries.isEmpty else { return nil }
        var best = entries["^\(path)"]
        for suffix in path.dottedSuffixes {
            if let entry = entries[String(suffix)], entry.order < best?.order ?? .max { best = entry }
        }
        return best?.value
    }
}
