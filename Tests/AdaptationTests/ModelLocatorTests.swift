import ErrorModel
import Foundation
import TestSupport
import Testing

@testable import Adaptation

@Suite("Model locator")
struct ModelLocatorTests {
    private let folder: TemporaryFolder
    private static let installed = "/usr/share/sglorad/all-MiniLM-L6-v2"

    init() throws { folder = try TemporaryFolder() }

    @Test func `a configured folder is used, whatever else exists`() throws {
        try folder.write("{}", to: "home/.cache/sglorad/all-MiniLM-L6-v2/config.json")
        #expect(
            try ModelLocator.locate("/no/such/folder", environment: ["HOME": folder("home")])
                == "/no/such/folder")
    }

    @Test func `the user's cache is searched, XDG_CACHE_HOME first`() throws {
        try folder.write("{}", to: "home/.cache/sglorad/all-MiniLM-L6-v2/config.json")
        let home = ["HOME": folder("home")]
        #expect(
            try ModelLocator.locate(nil, environment: home)
                == folder("home/.cache/sglorad/all-MiniLM-L6-v2"))
        try folder.write("{}", to: "xdg/sglorad/all-MiniLM-L6-v2/config.json")
        #expect(
            try ModelLocator.locate(
                nil, environment: home.merging(["XDG_CACHE_HOME": folder("xdg")]) { $1 })
                == folder("xdg/sglorad/all-MiniLM-L6-v2"))
    }

    @Test(
        .enabled(
            if: !FileManager.default.fileExists(atPath: installed + "/config.json"),
            "a model is installed on this machine"))
    func `without a model the error names the searched folders and the remedy`() throws {
        // A folder without a config.json is not a model.
        try folder.write("x", to: "home/.cache/sglorad/all-MiniLM-L6-v2/vocab.txt")
        for environment in [["HOME": folder("home")], [:]] {
            let error = #expect(throws: SgloradError.self) {
                try ModelLocator.locate(nil, environment: environment)
            }
            #expect(error?.code == .invalidModel)
            #expect(error?.message.contains(Self.installed) == true)
            #expect(error?.message.contains("--model") == true)
            if !environment.isEmpty {
                #expect(
                    error?.message.contains(folder("home/.cache/sglorad/all-MiniLM-L6-v2")) == true)
            }
        }
    }
}
