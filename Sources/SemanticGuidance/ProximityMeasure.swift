/// How near an intent is to an expert's task.
public enum ProximityMeasure: String, Sendable, Hashable, Codable, CaseIterable {
    /// The cosine of the two embeddings.
    case plain
    /// The cosine after the library's mean embedding is taken from both. Descriptions of one library resemble each other
    /// ("Match definitions of …"); what they share says nothing about which expert is the nearest.
    case centred
}
