using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>PERD003 and PERD004: clocks and randomness that are not journaled.</summary>
internal static class Chance
{
    public static void Check(Body body)
    {
        foreach (var place in body.Places)
        {
            if (place.Journaled) continue;
            switch (place.Operation)
            {
                case IPropertyReferenceOperation property:
                    Check(body, property.Syntax, property.Property, property.Instance);
                    break;
                case IInvocationOperation call:
                    Check(body, call.Syntax, call.TargetMethod, call.Instance);
                    break;
                case IMethodReferenceOperation method:
                    Check(body, method.Syntax, method.Method, method.Instance);
                    break;
                case IObjectCreationOperation { Constructor: { } constructor } created:
                    CheckCreation(body, created.Syntax, constructor);
                    break;
            }
        }
    }

    private static void Check(Body body, SyntaxNode where, ISymbol member, IOperation? receiver)
    {
        var type = member.ContainingType;
        var name = member.Name;
        if (type.ContainingNamespace is not { } space) return;
        switch (space.ToDisplayString(), type.Name)
        {
            case ("System", "DateTime") when name is "Now" or "UtcNow" or "Today":
            case ("System", "DateTimeOffset") when name is "Now" or "UtcNow":
            case ("System", "Environment") when name is "TickCount" or "TickCount64":
            case ("System.Diagnostics", "Stopwatch") when member.IsStatic || ComesFromOutside(receiver):
                body.Report(Rules.Clock, where, $"{type.Name}.{name}");
                break;
            case ("System", "Guid") when name is "NewGuid" or "CreateVersion7":
                body.Report(Rules.Chance, where, $"Guid.{name}", "visit.NewId()");
                break;
            case ("System", "Random") when name == "Shared" || (member is IMethodSymbol && ComesFromOutside(receiver)):
                body.Report(Rules.Chance, where, $"Random.{name}", "visit.Random()");
                break;
            case ("System.Security.Cryptography", "RandomNumberGenerator"):
                body.Report(Rules.Chance, where, $"RandomNumberGenerator.{name}", "visit.Once(name, () => …)");
                break;
            case ("System.IO", "Path") when name == "GetRandomFileName":
                body.Report(Rules.Chance, where, "Path.GetRandomFileName", "visit.NewId()");
                break;
            default:
                if (name is "GetUtcNow" or "GetLocalNow" or "GetTimestamp" && IsTimeProvider(type)) body.Report(Rules.Clock, where, $"TimeProvider.{name}");
                break;
        }
    }

    private static void CheckCreation(Body body, SyntaxNode where, IMethodSymbol constructor)
    {
        switch (constructor.ContainingType.ContainingNamespace?.ToDisplayString(), constructor.ContainingType.Name)
        {
            case ("System.Diagnostics", "Stopwatch"):
                body.Report(Rules.Clock, where, "Stopwatch");
                break;
            case ("System", "Random") when constructor.Parameters.Length == 0:      // with a seed it draws the same each time
                body.Report(Rules.Chance, where, "Random", "visit.Random()");
                break;
        }
    }

    /// <summary>Whether what is called was made elsewhere. What was made in the body is reported where it was made, once.</summary>
    private static bool ComesFromOutside(IOperation? receiver) => receiver is IFieldReferenceOperation or IParameterReferenceOperation
        || receiver is IPropertyReferenceOperation { Property.IsStatic: false };

    private static bool IsTimeProvider(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
            if (type is { Name: "TimeProvider", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } }) return true;
        return false;
    }
}
