using Microsoft.CodeAnalysis;

namespace Perdure.Analyzers;

/// <summary>The types of the authoring surface, as the compilation knows them.</summary>
internal sealed class KnownTypes
{
    private readonly INamedTypeSymbol _visit;
    private readonly INamedTypeSymbol _visitOf;

    private KnownTypes(INamedTypeSymbol visit, INamedTypeSymbol visitOf, Compilation compilation)
    {
        _visit = visit;
        _visitOf = visitOf;
        Map = compilation.GetTypeByMetadataName("Perdure.Map`1");
        At = compilation.GetTypeByMetadataName("Perdure.At`2");
        GateAt = compilation.GetTypeByMetadataName("Perdure.GateAt`2");
        Workflow = compilation.GetTypeByMetadataName("Perdure.Workflow`1");
        Task = compilation.GetTypeByMetadataName("System.Threading.Tasks.Task");
    }

    public INamedTypeSymbol? Map { get; }
    public INamedTypeSymbol? At { get; }
    public INamedTypeSymbol? GateAt { get; }
    public INamedTypeSymbol? Workflow { get; }
    public INamedTypeSymbol? Task { get; }

    /// <summary>Null where the compilation does not know Perdure.</summary>
    public static KnownTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName("Perdure.IVisit") is { } visit && compilation.GetTypeByMetadataName("Perdure.IVisit`1") is { } visitOf
            ? new(visit, visitOf, compilation)
            : null;

    /// <summary>Whether it is one of the visit's interfaces.</summary>
    public bool IsVisitInterface(ITypeSymbol? type) => type is INamedTypeSymbol { TypeKind: TypeKind.Interface } named && (Is(named, _visit) || Is(named, _visitOf));

    /// <summary>Whether it is a visit, fakes included.</summary>
    public bool IsVisit(ITypeSymbol? type) => IsVisitInterface(type) || (type is not null && type.AllInterfaces.Any(IsVisitInterface));

    /// <summary>Whether a method is a body: it takes a visit.</summary>
    public bool IsBody(IMethodSymbol method)
    {
        foreach (var parameter in method.Parameters)
            if (IsVisitInterface(parameter.Type)) return true;
        return false;
    }

    /// <summary>Whether a type is that type, its arguments aside.</summary>
    public static bool Is(ITypeSymbol? type, INamedTypeSymbol? definition) =>
        definition is not null && type is not null && SymbolEqualityComparer.Default.Equals(type.OriginalDefinition, definition);

    /// <summary>Whether a type is that type or derives from it.</summary>
    public static bool Derives(ITypeSymbol? type, INamedTypeSymbol? definition)
    {
        for (; type is not null; type = type.BaseType)
            if (Is(type, definition)) return true;
        return false;
    }
}
