internal import ErrorModel

/// The `config.json` of a sentence-transformers Pooling module, of which only the mean over tokens is supported.
enum PoolingConfiguration {
    /// A value of which only true, a string or "something else" matters.
    private enum Value: Decodable {
        case flag(Bool)
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .other
            }
        }
    }

    /// Checks that the pooling is the mean over a text's tokens and nothing else.
    ///
    /// Older folders have one flag for each mode, `pooling_mode_mean_tokens` and its like; newer ones `pooling_mode`.
    ///
    /// - Throws: `invalidModel` that names the mode that is not supported.
    static func check(_ folder: ModelFolder) throws(SgloradError) {
        let name = SentenceConfiguration.poolingName
        let values = try folder.decode([String: Value].self, from: name)
        var modes: [String] = []
        for (key, value) in values where key.hasPrefix("pooling_mode") {
            switch value {
            case .flag(true): modes.append(key)
            case .text(let mode): modes.append(mode)
            default: break
            }
        }
        let others = modes.filter { $0 != "pooling_mode_mean_tokens" && $0 != "mean" }.sorted()
        guard others.isEmpty, !modes.isEmpty else {
            throw .invalidModel(
                folder.file(name),
                (others.isEmpty
                    ? "no pooling mode is set" : "\(others.joined(separator: ", ")) is not supported")
                    + "; use a model that takes the mean over tokens (pooling_mode_mean_tokens)")
        }
    }
}
