// swift-tools-version: 6.1

// Benchmarks of the modules of sglorad, in a package of their own, so that the product depends on nothing for them.

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
]

let modules = Target.Dependency.product(name: "SgloradModules", package: "sglorad")

let package = Package(
    name: "sglorad-benchmarks",
    dependencies: [
        .package(name: "sglorad", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
    ],
    targets: [
        // Synthetic libraries, shared by the two programs.
        .target(name: "Synthetic", dependencies: [modules], swiftSettings: strict),
        // Measures for `make bench`, and prints JSON.
        .executableTarget(name: "probe", dependencies: [modules, "Synthetic"], swiftSettings: strict),
        // Times at home: swift package --package-path Benchmarks benchmark
        .executableTarget(
            name: "InProcess",
            dependencies: [modules, "Synthetic", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/InProcess", swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
