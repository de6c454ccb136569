using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Perdure;

namespace Shop.Orders;

/// <summary>What a piece of JSON must look like.</summary>
public abstract record Shape
{
    /// <summary>Adds all that is wrong with a value.</summary>
    public abstract void Check(string path, JsonElement value, List<InputFault> faults);

    /// <summary>An object with these fields, all of them, and no others.</summary>
    public static Shape Object(params (string Name, Shape Shape)[] fields) => new Fields(fields);
    /// <summary>A list of values of one shape.</summary>
    public static Shape List(int least, int most, Shape item) => new Items(least, most, item);
    /// <summary>Printable text.</summary>
    public static Shape Text(int least, int most) => new Value(JsonValueKind.String, $"printable text of {least} to {most} characters",
        value => TextOf(value) is { } text && text.Length >= least && text.Length <= most && !text.Any(char.IsControl) && !string.IsNullOrWhiteSpace(text));
    /// <summary>Text of a given form.</summary>
    public static Shape Matching(Regex form, string words) => new Value(JsonValueKind.String, words, value => TextOf(value) is { } text && form.IsMatch(text));
    /// <summary>A whole number.</summary>
    public static Shape Whole(int least, int most) => new Value(JsonValueKind.Number, $"a whole number from {least} to {most}",
        value => value.TryGetInt32(out var number) && number >= least && number <= most);
    /// <summary>An amount of money.</summary>
    public static Shape Amount(decimal most) => new Value(JsonValueKind.Number, $"a number from 0 to {most.ToString(CultureInfo.InvariantCulture)}",
        value => value.TryGetDecimal(out var number) && number >= 0 && number <= most);

    // Half of a surrogate pair is JSON, but no text.
    private static string? TextOf(JsonElement value)
    {
        try { return value.GetString(); }
        catch (InvalidOperationException) { return null; }
    }

    private sealed record Value(JsonValueKind Kind, string Words, Func<JsonElement, bool> Fits) : Shape
    {
        public override void Check(string path, JsonElement value, List<InputFault> faults)
        {
            if (value.ValueKind != Kind || !Fits(value)) faults.Add(new(path, $"Must be {Words}."));
        }
    }

    private sealed record Items(int Least, int Most, Shape Item) : Shape
    {
        public override void Check(string path, JsonElement value, List<InputFault> faults)
        {
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() < Least || value.GetArrayLength() > Most)
            {
                faults.Add(new(path, $"Must be a list of {Least} to {Most}."));
                return;
            }
            var index = 0;
            foreach (var item in value.EnumerateArray()) Item.Check($"{path}[{index++}]", item, faults);
        }
    }

    private sealed record Fields((string Name, Shape Shape)[] Known) : Shape
    {
        public override void Check(string path, JsonElement value, List<InputFault> faults)
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                faults.Add(new(path, "Must be an object."));
                return;
            }
            foreach (var (name, shape) in Known)
            {
                if (value.TryGetProperty(name, out var field)) shape.Check($"{path}.{name}", field, faults);
                else faults.Add(new($"{path}.{name}", "Is missing."));
            }
            var unknown = 0;
            foreach (var field in value.EnumerateObject())
                if (Known.All(known => known.Name != field.Name) && unknown++ < 20) faults.Add(new($"{path}.{Short(field.Name)}", "Is not a field of an order."));
        }

        private static string Short(string name) => name.Length <= 40 ? name : name[..40] + "…";
    }
}
