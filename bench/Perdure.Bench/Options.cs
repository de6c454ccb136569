namespace Perdure.Bench;

/// <summary>What is given on the command line as <c>--Name=value</c>.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    private string? _data;

    /// <summary>What earlier benches of this run found, for ratios.</summary>
    public Dictionary<string, double> Found { get; } = [];

    public static Options Parse(IEnumerable<string> args)
    {
        var options = new Options();
        foreach (var arg in args)
        {
            var parts = arg.TrimStart('-').Split('=', 2);
            options._values[parts[0]] = parts.Length > 1 ? parts[1] : "true";
        }
        return options;
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public void Set(string name, string value) => _values[name] = value;

    public int Int(string name, int otherwise) => _values.TryGetValue(name, out var value) ? int.Parse(value) : otherwise;

    public string Text(string name) => _values.TryGetValue(name, out var value) ? value : throw new ArgumentException($"--{name}= is missing.");

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    /// <summary>What was asked for, to be repeated.</summary>
    public string Command(string bench) => string.Join(' ', _values.Where(v => !v.Key.Equals("connection", StringComparison.OrdinalIgnoreCase)).Select(v => $"--{v.Key}={v.Value}").Prepend($"Perdure.Bench {bench}"));

    /// <summary>Where <c>--Signal</c> is given: says that all is ready and waits for a line, so that several processes begin at once.</summary>
    public void Signal()
    {
        if (Text("Signal", "false") != "true") return;
        Marks.Say("ready");
        Console.ReadLine();
    }

    /// <summary>Numbers with commas between.</summary>
    public int[] Numbers(string name, int[] otherwise) => _values.TryGetValue(name, out var value) ? [.. value.Split(',').Select(int.Parse)] : otherwise;

    public double Double(string name, double otherwise) => _values.TryGetValue(name, out var value) ? double.Parse(value) : otherwise;

    /// <summary>A path for a new file.</summary>
    public string File(string name)
    {
        _data ??= _values.GetValueOrDefault("data") ?? Directory.CreateTempSubdirectory("perdure-bench-").FullName;
        var folder = Directory.CreateDirectory(Path.Combine(_data, Guid.NewGuid().ToString("n")[..8]));
        return Path.Combine(folder.FullName, name);
    }

    /// <summary>Whether <see cref="File"/> gave this path.</summary>
    public bool Made(string file) => _data is not null && file.StartsWith(_data, StringComparison.Ordinal);

    /// <summary>Removes the folder of a file that <see cref="File"/> gave.</summary>
    public void Remove(string file) => Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
}
