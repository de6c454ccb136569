using System.Reflection;
using System.Text;

namespace Perdure;

/// <summary>Gives a state's record, a signal or a payload a stable name, so that renaming the type changes nothing stored.</summary>
/// <param name="name">The name; 1 to 100 characters.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface, Inherited = false)]
public sealed class NameAttribute(string name) : Attribute
{
    /// <summary>The name.</summary>
    public string Name => name;
}

/// <summary>How types are named where nobody said otherwise.</summary>
internal static class Names
{
    /// <summary>The given name, or the type's own, arguments of generic types included.</summary>
    public static string Of(Type type)
    {
        if (type.GetCustomAttribute<NameAttribute>(inherit: false) is { } given) return given.Name;
        if (type.IsArray) return Of(type.GetElementType()!) + "[]";
        return type.IsGenericType ? $"{Bare(type)}<{string.Join(',', type.GetGenericArguments().Select(Of))}>" : type.Name;
    }

    /// <summary>
    /// The given name, or the type's own in kebab-case: <c>CaptureCharge</c> is <c>capture-charge</c>; arguments of generic types follow, so that <c>Notify&lt;Order&gt;</c> and
    /// <c>Notify&lt;Refund&gt;</c> are two.
    /// </summary>
    public static string Kebab(Type type)
    {
        if (type.GetCustomAttribute<NameAttribute>(inherit: false) is { } given) return given.Name;
        var own = Kebab(Bare(type));
        return type.IsGenericType ? $"{own}-{string.Join('-', type.GetGenericArguments().Select(Kebab))}" : own;
    }

    /// <summary>Without the number of its arguments; a type nested in a generic one has none of its own.</summary>
    private static string Bare(Type type) => type.Name.IndexOf('`', StringComparison.Ordinal) is var tick and >= 0 ? type.Name[..tick] : type.Name;

    private static string Kebab(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (char.IsUpper(c) && i > 0 && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])))) text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
