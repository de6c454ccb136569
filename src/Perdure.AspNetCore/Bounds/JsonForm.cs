using System.Globalization;
using System.Text.Json;

namespace Perdure.AspNetCore;

/// <summary>What is wrong with JSON whatever it means: form, depth, doubled properties, control characters, numbers beyond measure.</summary>
internal static class JsonForm
{
    private const int FaultsMax = 20, NumberLength = 64;

    public static IReadOnlyList<InputFault> Faults(ReadOnlyMemory<byte> utf8, int depth)
    {
        List<InputFault> faults = [];
        try
        {
            using var document = JsonDocument.Parse(utf8, new() { MaxDepth = depth });
            Walk(document.RootElement, "$", faults);
        }
        catch (JsonException e)
        {
            faults.Add(new("$", $"Not well-formed JSON, or nested more than {depth} deep, at line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}."));
        }
        return faults;
    }

    private static void Walk(JsonElement element, string path, List<InputFault> faults)
    {
        if (faults.Count >= FaultsMax) return;
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                HashSet<string> names = new(StringComparer.Ordinal);
                foreach (var property in element.EnumerateObject())
                {
                    if (!TryName(property, out var name) || Text.HasControls(name))
                    {
                        faults.Add(new(path, "A property's name has control characters or halves of characters."));
                        continue;
                    }
                    var at = $"{path}.{(name.Length <= 100 ? name : name[..100] + "…")}";
                    if (!names.Add(name)) faults.Add(new(at, "The property is given twice."));
                    Walk(property.Value, at, faults);
                }
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray()) Walk(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), faults);
                break;
            case JsonValueKind.String:
                if (!TryText(element, out var text) || Text.HasControls(text, linesAllowed: true)) faults.Add(new(path, "The text has control characters or halves of characters."));
                break;
            case JsonValueKind.Number:
                var digits = element.GetRawText();
                if (digits.Length > NumberLength || !double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
                    faults.Add(new(path, "The number is beyond measure."));
                break;
        }
    }

    private static bool TryName(JsonProperty property, out string name)
    {
        try
        {
            name = property.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }

    private static bool TryText(JsonElement element, out string text)
    {
        try
        {
            text = element.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }
}
