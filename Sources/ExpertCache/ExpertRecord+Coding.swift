internal import Foundation

extension ExpertRecord {
    enum CodingKeys: String, CodingKey {
        case base, name, description, digest, parameters, bytes, checkpoints, embedding, encoder
        case descriptionTruncated, meanNorm, deviation, isForeign, alignment, importedAt
    }

    /// Decodes a row from a manifest; those of the first version know nothing of gauges.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        base = try container.decode(String.self, forKey: .base)
        name = try container.decode(String.self, forKey: .name)
        description = try container.decode(String.self, forKey: .description)
        digest = try container.decode(String.self, forKey: .digest)
        parameters = try container.decode(String.self, forKey: .parameters)
        bytes = try container.decode(Int.self, forKey: .bytes)
        checkpoints = try container.decode([String].self, forKey: .checkpoints)
        embedding = try container.decode(Data.self, forKey: .embedding)
        encoder = try container.decode(String.self, forKey: .encoder)
        descriptionTruncated = try container.decode(Bool.self, forKey: .descriptionTruncated)
        meanNorm = try container.decode(Double.self, forKey: .meanNorm)
        deviation = try container.decode(Double.self, forKey: .deviation)
        isForeign = try container.decodeIfPresent(Bool.self, forKey: .isForeign) ?? false
        alignment = try container.decodeIfPresent(Double.self, forKey: .alignment) ?? 0
        importedAt = try container.decode(Date.self, forKey: .importedAt)
    }
}
