using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Perdure.Replay;

/// <summary>The shape of a type as its JSON shows it: names and kinds of properties, all the way down. CLR names do not count.</summary>
internal static class TypeShape
{
    /// <summary>Eight hexadecimal digits that change when the shape does.</summary>
    public static string Fingerprint(Type type, JsonSerializerOptions options)
    {
        var text = new StringBuilder();
        Describe(type, options, text, []);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 4));
    }

    private static void Describe(Type type, JsonSerializerOptions options, StringBuilder text, List<Type> path)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            Describe(inner, options, text, path);
            text.Append('?');
            return;
        }
        var depth = path.IndexOf(type);
        if (depth >= 0)
        {
            text.Append('^').Append(path.Count - depth);      // a type within itself
            return;
        }
        path.Add(type);
        var json = options.GetTypeInfo(type);
        switch (json.Kind)
        {
            case JsonTypeInfoKind.Object:
                text.Append('{');
                foreach (var property in json.Properties.OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    text.Append(property.Name).Append(property.IsRequired ? "!:" : ":");
                    Describe(property.PropertyType, options, text, path);
                    text.Append(',');
                }
                text.Append('}');
                break;
            case JsonTypeInfoKind.Enumerable when json.ElementType is { } element:
                text.Append('[');
                Describe(element, options, text, path);
                text.Append(']');
                break;
            case JsonTypeInfoKind.Dictionary when json.ElementType is { } value:
                text.Append("<");
                Describe(value, options, text, path);
                text.Append('>');
                break;
            default:
                text.Append(type.IsEnum ? "enum" : Names.Of(type));
                break;
        }
        path.RemoveAt(path.Count - 1);
    }
}
