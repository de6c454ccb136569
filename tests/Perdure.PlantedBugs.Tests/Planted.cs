using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;

namespace Perdure.PlantedBugs.Tests;

/// <summary>
/// The sources of the engine and the simulator, compiled in memory with one of them changed: what ships has no switches for bugs. What is not changed is parsed once.
/// </summary>
internal static class Planted
{
    /// <summary>Where the repository is.</summary>
    public static string Repository { get; } = Metadata("Repository");

    private static readonly CSharpParseOptions Language = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.CSharp14);

    private static readonly Lazy<Dictionary<string, SyntaxTree>> Trees = new(() => Sources().ToDictionary(path => path, path => Parse(File.ReadAllText(Path.Combine(Repository, path)), path), StringComparer.Ordinal));

    private static readonly Lazy<MetadataReference[]> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is var name && !name.StartsWith("Perdure", StringComparison.Ordinal) && !name.StartsWith("xunit", StringComparison.Ordinal) && !name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path))]);

    private static readonly Lazy<ISourceGenerator[]> Generators = new(() =>
        [.. ((string[])["LoggingGenerator", "JsonGenerator"]).SelectMany(generator => new AnalyzerFileReference(Metadata(generator), new Loader()).GetGenerators(LanguageNames.CSharp))]);

    /// <summary>The sources as they are, or with one bug.</summary>
    public static Assembly Compile(Bug? bug)
    {
        var compilation = Compilation(bug);
        using var code = new MemoryStream();
        var result = compilation.Emit(code, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.Embedded));
        if (!result.Success) throw new InvalidOperationException($"{bug?.Name} does not compile: {string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(20))}");
        code.Position = 0;
        return new AssemblyLoadContext(bug?.Name, isCollectible: true).LoadFromStream(code);
    }

    /// <summary>What the compiler says against the files that a bug changes, each looked at by itself: far quicker than to compile all.</summary>
    public static IEnumerable<Diagnostic> Errors(Bug bug)
    {
        var (sound, compilation) = (Sound.Value, (Compilation)Sound.Value);
        var changed = Changed(bug);
        foreach (var (file, tree) in changed) compilation = compilation.ReplaceSyntaxTree(sound.SyntaxTrees.Single(t => t.FilePath == file), tree);
        return changed.Values.SelectMany(tree => compilation.GetSemanticModel(tree).GetDiagnostics()).Where(d => d.Severity == DiagnosticSeverity.Error);
    }

    private static readonly Lazy<Compilation> Sound = new(() => Compilation(null));

    private static Dictionary<string, SyntaxTree> Changed(Bug? bug)
    {
        var changed = new Dictionary<string, SyntaxTree>(StringComparer.Ordinal);
        foreach (var change in bug is null ? [] : bug.Changes.Concat(bug.More)) changed[change.File] = Parse(change.Apply((changed.GetValueOrDefault(change.File) ?? Trees.Value[change.File]).ToString()), change.File);
        return changed;
    }

    private static Compilation Compilation(Bug? bug)
    {
        var changed = Changed(bug);
        var trees = Trees.Value.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => changed.GetValueOrDefault(t.Key) ?? t.Value);
        Compilation compilation = CSharpCompilation.Create($"Perdure.{bug?.Name ?? "sound"}", [.. trees, ImplicitUsings], References.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
        CSharpGeneratorDriver.Create(Generators.Value, parseOptions: Language).RunGeneratorsAndUpdateCompilation(compilation, out compilation, out _);
        return compilation;
    }

    private static readonly SyntaxTree ImplicitUsings = Parse("""
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """, "ImplicitUsings.cs");

    private static IEnumerable<string> Sources()
    {
        foreach (var folder in (string[])["src/Perdure.Kernel", "src/Perdure", "src/Perdure.Simulation", "tests/Perdure.PlantedBugs.Tests/Scenario"])
            foreach (var path in Directory.EnumerateFiles(Path.Combine(Repository, folder), "*.cs", SearchOption.AllDirectories))
                if (Path.GetRelativePath(Repository, path).Replace('\\', '/') is var file && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
                    && !file.Contains("/Replaying/", StringComparison.Ordinal) && !file.Contains("/Stressing/", StringComparison.Ordinal)) yield return file;
    }

    private static SyntaxTree Parse(string text, string path) => CSharpSyntaxTree.ParseText(text, Language, path, System.Text.Encoding.UTF8);

    private static string Metadata(string key) => typeof(Planted).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath) { }
        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
