internal import AdapterFormats
internal import Foundation
internal import LowRank

/// What stands beside an expert's blob: all that its row, and its base's, can be made again from.
struct ExpertManifest: Codable {
    var kind = "expert"
    var expert: ExpertRecord
    var layout: AdapterLayout
    var template: PEFTTemplate
}

/// What stands beside the blob that holds the factors which fix a library's gauge.
struct ReferenceManifest: Codable {
    var kind = "reference"
    /// The base model's name.
    var base: String
    /// The layout that the factors lie on.
    var layout: AdapterLayout
    /// The digest of the blob.
    var parameters: String
}

/// What stands beside a generator's blob.
struct GeneratorManifest: Codable {
    var kind = "generator"
    var generator: GeneratorRow
}
