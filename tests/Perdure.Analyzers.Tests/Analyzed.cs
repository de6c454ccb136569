using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Perdure.Tests;
using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>What the analyzers say about a piece of code.</summary>
internal static class Analyzed
{
    /// <summary>That, where the marks are, and nothing else.</summary>
    public static async Task Says(string id, string code, string message = "")
    {
        var found = await Diagnostics(code.Replace("[|", "", StringComparison.Ordinal).Replace("|]", "", StringComparison.Ordinal));
        InMemory.Says(id, code, _ => found);
        Assert.All(found, d => Assert.Contains(message, d.GetMessage(CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }

    /// <summary>Nothing at all.</summary>
    public static async Task Accepts(string code) => Assert.Empty(await Diagnostics(code));

    private static async Task<ImmutableArray<Diagnostic>> Diagnostics(string text)
    {
        var compilation = InMemory.Compile(text);
        Assert.Empty(InMemory.Errors(compilation));
        var analyzed = compilation.WithAnalyzers([new MapAnalyzer(), new BodyAnalyzer()], new CompilationWithAnalyzersOptions(
            new([]), onAnalyzerException: (e, _, _) => throw new InvalidOperationException("An analyzer threw.", e), concurrentAnalysis: false, logAnalyzerExecutionTime: false));
        var found = await analyzed.GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        return [.. found.OrderBy(d => d.Location.SourceSpan.Start)];
    }
}
