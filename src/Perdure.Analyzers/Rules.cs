using Microsoft.CodeAnalysis;

namespace Perdure.Analyzers;

/// <summary>What is reported. <c>docs/analyzers.md</c> explains each with an example.</summary>
public static class Rules
{
    private const string Category = "Perdure";

    /// <summary>PERD001: an edge to a state that is not in the map.</summary>
    public static readonly DiagnosticDescriptor Nowhere = new(
        "PERD001", "A declared transition leads nowhere",
        "{0} may go to {1}, but this map has no {1}: add .State<{1}>(), .Gate<{1}>(…) or .End<{1}>(), or take {1} out of the body's return type",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true,
        description: "A body's return type lists the states that it may go to. Each of them must be in the map. Maps that are composed by code (Include, Redirect, Without, Only, Replace) are left to Map.Check().");

    /// <summary>PERD002: a journal name that is used twice.</summary>
    public static readonly DiagnosticDescriptor NameTwice = new(
        "PERD002", "A journal name is used twice in a visit",
        "The journal name \"{0}\" is used more than once in this body: {1}",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        description: "The journal of a visit is keyed by name. Once operations overlap, which use of a repeated name belongs to which entry cannot be known, so each use needs a key of its own. A value that is decided once under a name is decided anew when the name is repeated.");

    /// <summary>PERD003: a decision by a clock.</summary>
    public static readonly DiagnosticDescriptor Clock = new(
        "PERD003", "A body reads a clock that is not journaled",
        "{0} differs when the body runs again: use visit.Now(), which is journaled",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        description: "A body that runs again in the same visit must decide as it did before, so the time that it goes by must be journaled: visit.Now(), or visit.Once(name, () => …) around the reading. To wait, use visit.Sleep.");

    /// <summary>PERD004: a decision by chance.</summary>
    public static readonly DiagnosticDescriptor Chance = new(
        "PERD004", "A body uses randomness that is not journaled",
        "{0} differs when the body runs again: use {1}, which is journaled",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        description: "A body that runs again in the same visit must decide as it did before, so what it draws must be journaled: visit.Random(), visit.NewId(), or visit.Once(name, () => …) around the drawing.");

    /// <summary>PERD005: waiting for something foreign.</summary>
    public static readonly DiagnosticDescriptor Foreign = new(
        "PERD005", "A body waits for something that is not journaled",
        "{0} does not come from the visit: {1}",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        description: "Everything that a body awaits comes from its visit, Task.WhenAll and ConfigureAwait of it included. Work with effects or I/O belongs into an operation, called by visit.Run; waiting into visit.Sleep or visit.Signal; who comes first into visit.Race.");
}
