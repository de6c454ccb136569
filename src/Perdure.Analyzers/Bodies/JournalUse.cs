using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>A call of the visit that takes a name in its journal.</summary>
internal sealed class JournalUse
{
    private JournalUse(IInvocationOperation call, IOperation? function, string name, string id, bool isStep)
    {
        Call = call;
        Function = function;
        Name = name;
        Id = id;
        IsStep = isStep;
    }

    public IInvocationOperation Call { get; }

    /// <summary>The function within the body that it stands in; null for the body itself.</summary>
    public IOperation? Function { get; }

    /// <summary>The name, for people.</summary>
    public string Name { get; }

    /// <summary>The name, for comparing; empty where it is not known, or differs from use to use.</summary>
    public string Id { get; }

    /// <summary>Whether it is an operation.</summary>
    public bool IsStep { get; }

    public int Position => Call.Syntax.Span.End;

    /// <summary>Whether it runs several operations at once by itself.</summary>
    public bool Overlaps => Call.TargetMethod.Name == "Each" && !(Argument("atOnce") is { ConstantValue: { HasValue: true, Value: 1 } });

    /// <summary>Null for calls of the visit that take no name, or one that may be repeated freely.</summary>
    public static JournalUse? Of(Place place, Body body)
    {
        if (place.Operation is not IInvocationOperation call || !body.IsVisitCall(call)) return null;
        var explicitName = Explicit(call, "name");
        switch (call.TargetMethod.Name)
        {
            case "Run" or "Try":
                var (name, id) = StepName(call, explicitName);
                var key = Explicit(call, "key");
                if (key is not null) id = id.Length > 0 && Constant(key) is { } k ? $"{id}[{k}]" : "";
                return new(call, place.Function, key is null ? name : $"{name}[{Constant(key)}]", id, isStep: true);
            case "Each":
                return new(call, place.Function, "", "", isStep: true);
            case "Once" or "Race" or "Sleep" or "Now" or "Random" or "NewId" when Constant(explicitName) is { } constant:
                return new(call, place.Function, constant, "\"" + constant, isStep: false);
            default:
                return null;
        }
    }

    private static (string Name, string Id) StepName(IInvocationOperation call, IOperation? explicitName)
    {
        if (explicitName is not null) return Constant(explicitName) is { } constant ? (constant, "\"" + constant) : ("", "");
        var step = call.Arguments.FirstOrDefault(a => a.Parameter?.Name == "step")?.Value;
        while (step is IConversionOperation conversion) step = conversion.Operand;
        return step?.Type is INamedTypeSymbol { IsAbstract: false } type ? (type.Name, type.ToDisplayString()) : ("", "");
    }

    private IOperation? Argument(string parameter) => Explicit(Call, parameter);

    private static IOperation? Explicit(IInvocationOperation call, string parameter)
    {
        var argument = call.Arguments.FirstOrDefault(a => a.Parameter?.Name == parameter && a.ArgumentKind == ArgumentKind.Explicit);
        var value = argument?.Value;
        return value is { ConstantValue: { HasValue: true, Value: null } } ? null : value;
    }

    private static string? Constant(IOperation? value) => value is { ConstantValue: { HasValue: true, Value: string text } } ? text : null;
}
