internal import ErrorModel
internal import Foundation

/// Where the text encoder's folder is looked for.
enum ModelLocator {
    /// The folder's name in the places that are searched.
    static let folderName = "all-MiniLM-L6-v2"

    /// The folder that was named, or the first that is there: `~/.cache/sglorad`, then `/usr/share/sglorad`.
    ///
    /// - Throws: `invalidModel` that says where it was looked for and what to do.
    static func locate(_ named: String?, environment: [String: String]) throws(SgloradError) -> String {
        if let named { return named }
        let home =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? environment["HOME"].map { $0 + "/.cache" }
        let places = [home.map { "\($0)/sglorad" }, "/usr/share/sglorad"].compactMap { $0 }
            .map { "\($0)/\(folderName)" }
        for place in places where FileManager.default.fileExists(atPath: place + "/config.json") {
            return place
        }
        throw .invalidModel(
            folderName,
            "no folder of it was found in \(places.joined(separator: " or ")). Name one with --model or the key "
                + "'model', or fetch it with 'make model'.")
    }
}
