using System.Globalization;
using Microsoft.AspNetCore.Http;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>The query of a request, read strictly: every parameter is known, given once, and within its bounds; every fault is named.</summary>
internal sealed class Query
{
    private readonly IQueryCollection _query;
    private readonly List<InputFault> _faults = [];

    public Query(HttpContext context, params ReadOnlySpan<string> known)
    {
        _query = context.Request.Query;
        foreach (var (name, values) in _query)
        {
            if (!known.Contains(name)) _faults.Add(new($"?{Short(name)}", "There is no such parameter."));
            else if (values.Count != 1) _faults.Add(new($"?{name}", "The parameter is given twice."));
        }
    }

    public Problem? Problem => _faults.Count == 0 ? null : AspNetCore.Problem.Malformed("query.malformed", _faults);

    public void Fault(string name, string message) => _faults.Add(new($"?{name}", message));

    public string? Value(string name)
    {
        if (_query[name] is not [{ } value]) return null;
        if (Text.IsName(value) || (value.Length <= Text.KeyLength && Text.IsKey(value))) return value;
        Fault(name, "1 to 100 printable characters are taken.");
        return null;
    }

    public string? Long(string name, int max)
    {
        if (_query[name] is not [{ } value]) return null;
        if (value.Length >= 1 && value.Length <= max && !Text.HasControls(value)) return value;
        Fault(name, "The value cannot be read.");
        return null;
    }

    public long? Number(string name, long min, long max)
    {
        if (_query[name] is not [{ } value]) return null;
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max) return number;
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"A whole number from {min} to {max} is taken."));
        return null;
    }

    public bool Flag(string name)
    {
        if (_query[name] is not [{ } value]) return false;
        if (value is "true" or "false") return value == "true";
        Fault(name, "One of these is taken: true, false.");
        return false;
    }

    public T? Word<T>(string name) where T : struct, Enum
    {
        if (_query[name] is not [{ } value]) return null;
        if (Wire.TryWord<T>(value, out var word)) return word;
        Fault(name, "One of these is taken: " + string.Join(", ", Enum.GetValues<T>().Select(Wire.Word)) + ".");
        return null;
    }

    /// <summary>Which part of a list of instances is asked for: <c>limit</c>, and behind which one, <c>cursor</c>.</summary>
    public (int Limit, InstanceId? Behind) Page()
    {
        var limit = (int)(Number("limit", 1, 200) ?? 50);
        if (Long("cursor", 64) is not { } cursor) return (limit, null);
        if (Cursor.TryRead(cursor, out var id)) return (limit, id);
        Fault("cursor", "This is no cursor of this list.");
        return (limit, null);
    }

    private static string Short(string name) => new([.. name.Take(50).Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
}
