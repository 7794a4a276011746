internal import Configuration
internal import Yams

/// The content of the configuration file, in which `null` means that a key is not set.
///
/// YAML writes null as `~`, `null`, `Null`, `NULL`, or nothing. The library's own snapshot takes these for text, so that
/// `model: ~` would name a folder called `~`. In quotation marks they are text.
struct SettingsSnapshot: FileConfigSnapshot {
    typealias ParsingOptions = YAMLSnapshot.ParsingOptions

    let providerName: String
    /// What the file sets; nil if it is one null.
    private let content: YAMLSnapshot?
    /// The keys that are null, such as `spool.directory`, and sections that are.
    private let unset: Set<String>

    init(data: RawSpan, providerName: String, parsingOptions: ParsingOptions) throws {
        self.providerName = providerName
        let text = data.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let root = try compose(yaml: text)
        guard let root, !root.isNull else {
            (content, unset) = (nil, [])
            return
        }
        content = try YAMLSnapshot(data: data, providerName: providerName, parsingOptions: parsingOptions)
        unset = Set(Self.nulls(in: root, []))
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let path = key.components.joined(separator: ".")
        guard let content, !unset.contains(path) else { return LookupResult(encodedKey: path, value: nil) }
        return try content.value(forKey: key, type: type)
    }

    private static func nulls(in node: Node, _ above: [String]) -> [String] {
        if node.isNull { return [above.joined(separator: ".")] }
        guard case .mapping(let mapping) = node else { return [] }
        return mapping.flatMap { key, value in nulls(in: value, above + [key.string ?? "?"]) }
    }

    var description: String { content?.description ?? "\(providerName)[0 values]" }

    var debugDescription: String { content?.debugDescription ?? description }
}

extension Node {
    /// Whether this is YAML's null, which quotation marks make a text.
    fileprivate var isNull: Bool {
        guard case .scalar = self else { return false }
        return null != nil || tag.description == Tag.Name.null.rawValue
    }
}
