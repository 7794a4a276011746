internal import ErrorModel

/// The parameters of an error as a JSON object.
struct ErrorParameters: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    let values: [String: SgloradError.Parameter]

    init(_ values: [String: SgloradError.Parameter]) {
        self.values = values
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var values: [String: SgloradError.Parameter] = [:]
        for key in container.allKeys {
            if let value = try? container.decode(String.self, forKey: key) {
                values[key.stringValue] = .string(value)
            } else if let value = try? container.decode(Int.self, forKey: key) {
                values[key.stringValue] = .int(value)
            } else if let value = try? container.decode(Double.self, forKey: key) {
                values[key.stringValue] = .double(value)
            } else if let value = try? container.decode([String].self, forKey: key) {
                values[key.stringValue] = .strings(value)
            }
        }
        self.values = values
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (name, value) in values {
            let key = Key(stringValue: name)
            switch value {
            case .string(let value): try container.encode(value, forKey: key)
            case .int(let value): try container.encode(value, forKey: key)
            // JSON has no infinity and no NaN.
            case .double(let value): if value.isFinite { try container.encode(value, forKey: key) }
            case .strings(let value): try container.encode(value, forKey: key)
            }
        }
    }
}
