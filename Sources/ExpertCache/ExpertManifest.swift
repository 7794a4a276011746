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

/// What stands beside a generator's blob.
struct GeneratorManifest: Codable {
    var kind = "generator"
    var generator: GeneratorRow
}
