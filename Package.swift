// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Numeric loops are written with unsafe pointers and fixed order; they are too slow to be of use without optimisation, so
/// the modules that hold them are optimised in debug builds as well.
let numeric = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]
let optimised: [CSetting] = [.unsafeFlags(["-O2"], .when(configuration: .debug))]

func module(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict)
    -> Target
{
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], excluding excluded: [String] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, exclude: excluded, resources: resources,
        swiftSettings: strict)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "sglorad",
    products: [
        .executable(name: "sglorad", targets: ["sglorad"]),
        .executable(name: "sglorad-ctl", targets: ["sglorad-ctl"]),
        // For applications that call the daemon.
        .library(name: "SgloradClient", targets: ["SgloradClient"]),
        // For Benchmarks/ alone, a package of its own, which measures inside these modules.
        .library(
            name: "SgloradModules",
            targets: [
                "ErrorModel", "LinearAlgebra", "LowRank", "AdapterFormats", "TextEncoding",
                "SemanticGuidance",
                "Generation",
            ]),
        // For the tests alone: preloaded into a daemon, it makes file operations fail.
        .library(name: "FaultInjection", type: .dynamic, targets: ["FaultInjection"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CMappingGuard"),
        .target(name: "CHalfKernels", cSettings: optimised, linkerSettings: [.linkedLibrary("m")]),
        .target(name: "CEncoderKernels", cSettings: optimised),
        .target(name: "CProcess"),
        .target(name: "CBoundProcess"),
        module("ErrorModel"),
        module("Privacy"),
        module("ProcessGuard", ["CLinux", "CProcess", "ErrorModel"]),
        module("StrictJSON", ["ErrorModel"], settings: numeric),
        module("StrictGGUF", ["ErrorModel"], settings: numeric),
        module("AdapterFiles"),
        module("LinearAlgebra", ["CHalfKernels", "COpenBLAS", "ErrorModel"], settings: numeric),
        module("LowRank", ["LinearAlgebra", "ErrorModel"], settings: numeric),
        module(
            "AdapterFormats",
            [
                "AdapterFiles", "LowRank", "LinearAlgebra", "StrictGGUF", "StrictJSON", "ErrorModel",
                "CMappingGuard",
            ],
            settings: numeric),
        module(
            "TextEncoding",
            [
                "CEncoderKernels", "LinearAlgebra", "LowRank", "AdapterFormats", "StrictJSON", "ErrorModel",
            ],
            settings: numeric),
        module("SemanticGuidance", ["LowRank", "LinearAlgebra", "ErrorModel"], settings: numeric),
        module(
            "Generation", ["LowRank", "SemanticGuidance", "LinearAlgebra", "ErrorModel"], settings: numeric),
        module(
            "Evaluation",
            ["Generation", "SemanticGuidance", "TextEncoding", "LowRank", "LinearAlgebra", "ErrorModel"],
            settings: numeric),
        module(
            "Executors",
            ["ErrorModel", .product(name: "NIOPosix", package: "swift-nio")]),
        module(
            "Files", ["CLinux", "ErrorModel", .product(name: "Crypto", package: "swift-crypto")]),
        module("Storage", ["Executors", "Files", "ErrorModel", grdb]),
        module(
            "ExpertLibrary",
            [
                "LowRank", "AdapterFormats", "LinearAlgebra", "ErrorModel", "Executors", "Files", "Storage",
                grdb,
            ]),
        module(
            "IntentQueue",
            [
                "ErrorModel", "Privacy", "Executors", "Files", "Storage", grdb,
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        module(
            "Spool",
            [
                "SpoolForms", "Files", "Executors", "Privacy", "ErrorModel", "CLinux",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Varlink",
            dependencies: [
                "StrictJSON", "ErrorModel", "Privacy", "Executors",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            resources: [.embedInCode("org.varlink.service.varlink")],
            swiftSettings: strict),
        module("VarlinkDefinition"),
        module("LlamaServer", ["StrictJSON"]),
        .executableTarget(
            name: "interface-generator", dependencies: ["VarlinkDefinition"],
            path: "Sources/InterfaceGenerator",
            swiftSettings: strict),
        module("SpoolForms", ["ErrorModel", "Privacy"]),
        .target(
            name: "SgloradInterface",
            dependencies: ["Varlink", "SpoolForms", "ErrorModel", "Privacy"],
            resources: [.embedInCode("io.sglorad.varlink")],
            swiftSettings: strict),
        // For applications: its only foreign package is swift-nio, and Scripts/check-architecture.sh holds it to that.
        module(
            "SgloradClient", ["SgloradInterface", "Varlink", "Executors", "ErrorModel", "Privacy"]),
        module("Telemetry", [.product(name: "CoreMetrics", package: "swift-metrics")]),
        module("SystemdIntegration", ["ErrorModel", .product(name: "Logging", package: "swift-log")]),
        module(
            "Adaptation",
            [
                "CBoundProcess", "CLinux", "ErrorModel", "Privacy", "LinearAlgebra", "LowRank",
                "AdapterFiles", "AdapterFormats", "LlamaServer", "TextEncoding", "SemanticGuidance",
                "Generation", "Evaluation", "Executors", "Files",
                "Storage",
                "ExpertLibrary",
                "IntentQueue", "Spool", "SpoolForms", "StrictJSON", "Telemetry",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        module(
            "Control",
            [
                "Adaptation", "AdapterFormats", "Varlink", "SgloradInterface", "SpoolForms", "ErrorModel",
                "Privacy", "LinearAlgebra", "LowRank", "TextEncoding", "SemanticGuidance", "Generation",
                "Evaluation",
                "Executors", "Files", "Storage", "ExpertLibrary", "IntentQueue",
                .product(name: "Logging", package: "swift-log"),
            ]),
        module(
            "Daemon",
            [
                "Adaptation", "Control", "Varlink", "SgloradInterface", "CProcess", "ErrorModel", "Executors",
                "Files", "LlamaServer", "Storage", "ExpertLibrary", "IntentQueue", "Spool",
                "SystemdIntegration", "Telemetry", "TextEncoding",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .executableTarget(
            name: "sglorad",
            dependencies: [
                "Adaptation", "CProcess", "Daemon", "ErrorModel", "Privacy", "ProcessGuard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "sglorad-ctl",
            dependencies: [
                "AdapterFiles", "StrictGGUF", "Varlink", "SgloradInterface", "Files", "ErrorModel",
                "Privacy", "ProcessGuard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),

        tests("Privacy", ["Privacy"]),
        tests("StrictJSON", ["StrictJSON"]),
        tests("StrictGGUF", ["StrictGGUF", "ErrorModel", "TestSupport"]),
        tests("Telemetry", ["Telemetry", .product(name: "CoreMetrics", package: "swift-metrics")]),
        .target(
            name: "FaultInjection", path: "Tests/FaultInjection", linkerSettings: [.linkedLibrary("dl")]),
        tests("LinearAlgebra", ["CHalfKernels", "LinearAlgebra", "ErrorModel"]),
        tests("LowRank", ["LowRank", "LinearAlgebra", "ErrorModel", "TestSupport"]),
        tests("AdapterFiles", ["AdapterFiles"]),
        tests(
            "AdapterFormats",
            ["AdapterFormats", "LowRank", "LinearAlgebra", "StrictGGUF", "ErrorModel", "TestSupport"]),
        .target(
            name: "EncoderKernelChecks", dependencies: ["CEncoderKernels"], path: "Tests/EncoderKernelChecks",
            exclude: ["Program"]),
        tests(
            "TextEncoding",
            [
                "TextEncoding", "CEncoderKernels", "EncoderKernelChecks", "AdapterFormats", "LowRank",
                "LinearAlgebra", "ErrorModel", "TestSupport",
            ],
            resources: [.copy("Fixtures")]),
        tests(
            "SemanticGuidance",
            ["SemanticGuidance", "LinearAlgebra", "LowRank", "AdapterFormats", "ErrorModel"]),
        tests(
            "Generation",
            [
                "Generation", "SemanticGuidance", "LowRank", "AdapterFormats", "LinearAlgebra", "ErrorModel",
                "TestSupport",
            ]),
        tests(
            "Evaluation",
            [
                "Evaluation", "Generation", "SemanticGuidance", "TextEncoding", "AdapterFormats", "LowRank",
                "LinearAlgebra", "ErrorModel", "SgloradInterface", "TestSupport",
            ]),
        .target(
            name: "TestSupport",
            dependencies: [
                "Varlink", "SgloradInterface", "SpoolForms", "LinearAlgebra", "Files", "ErrorModel",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], path: "Tests/TestSupport", swiftSettings: strict),
        tests("Executors", ["Executors", "ErrorModel", "TestSupport"]),
        tests("Files", ["Files", "ErrorModel", "TestSupport"]),
        tests("Storage", ["Storage", "Files", "ErrorModel", "TestSupport", grdb]),
        tests(
            "ExpertLibrary",
            [
                "ExpertLibrary", "Executors", "Files", "Storage", "AdapterFormats", "LowRank",
                "LinearAlgebra", "StrictGGUF", "ErrorModel", "TestSupport", grdb,
            ]),
        tests(
            "IntentQueue",
            [
                "IntentQueue", "Executors", "Privacy", "Files", "Storage", "ErrorModel", "TestSupport", grdb,
            ]),
        tests(
            "Spool",
            [
                "Spool", "SpoolForms", "Files", "Executors", "Privacy", "ErrorModel", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Varlink",
            [
                "Varlink", "ErrorModel", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        // Answers by rule, where the tests of the engine need a llama-server.
        .executableTarget(
            name: "fake-llama-server", dependencies: ["StrictJSON"], path: "Tests/FakeLlamaServer",
            swiftSettings: strict),
        tests("LlamaServer", ["LlamaServer", "StrictJSON", "TestSupport"]),
        tests(
            "SgloradInterface",
            [
                "interface-generator", "VarlinkDefinition", "SgloradInterface", "SpoolForms", "Varlink",
                "ErrorModel", "Privacy", "TestSupport",
            ]),
        tests(
            "SgloradClient",
            [
                "SgloradClient", "SgloradInterface", "Varlink", "Files", "ErrorModel", "TestSupport",
            ]),
        tests(
            "SystemdIntegration",
            [
                "SystemdIntegration", "ErrorModel", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Adaptation",
            [
                "Adaptation", "ErrorModel", "Privacy", "Executors", "Files", "Storage", "ExpertLibrary",
                "IntentQueue", "Spool", "SpoolForms", "AdapterFormats", "Evaluation", "Generation",
                "SemanticGuidance", "TextEncoding", "LowRank", "LinearAlgebra", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests(
            "Control",
            [
                "Control", "Adaptation", "Varlink", "SgloradInterface", "ErrorModel", "Files", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Daemon",
            [
                "Daemon", "Adaptation", "Varlink", "ErrorModel", "ExpertLibrary", "IntentQueue", "Spool",
                "Files",
                "SystemdIntegration", "TestSupport", "TextEncoding",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests(
            "sglorad-ctl",
            [
                "sglorad-ctl", "Evaluation", "Varlink", "SgloradInterface", "Files", "Privacy", "ErrorModel",
                "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], excluding: ["Fixtures", "Snapshots"]),
        tests(
            "EndToEnd",
            [
                "sglorad", "sglorad-ctl", "fake-llama-server", "Control", "Varlink", "SgloradInterface",
                "SpoolForms", "Privacy",
                "AdapterFormats", "StrictGGUF", "LowRank", "LinearAlgebra", "ErrorModel", "Files", "Storage",
                "ExpertLibrary", "IntentQueue", "Spool",
                "TestSupport",
            ], excluding: ["Fixtures"]),
    ]
)

/// Scripts/fuzz.sh builds the fuzzer, which needs the compiler's libFuzzer, in place of the tests that replay its inputs.
let isFuzzing = Context.environment["SGLORAD_FUZZ"] != nil
let fuzzed: [Target.Dependency] = [
    "AdapterFormats", "TextEncoding", "Varlink", "SgloradInterface", "SpoolForms", "LowRank", "LinearAlgebra",
    "StrictGGUF", "StrictJSON", "LlamaServer",
    "ErrorModel",
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
]
package.targets +=
    isFuzzing
    ? [
        .target(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: fuzzed + ["CLibFuzzer"], path: "Tests/Fuzz",
            exclude: ["CLibFuzzer", "Replay", "corpus", "dictionaries"],
            sources: ["Targets", "Driver"], swiftSettings: strict),
    ]
    : [
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed + ["TestSupport"], path: "Tests/Fuzz",
            exclude: ["CLibFuzzer", "Driver", "corpus", "dictionaries"],
            sources: ["Targets", "Replay"], swiftSettings: strict)
    ]
