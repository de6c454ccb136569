using System.Text;
using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>An instance as a history file has it.</summary>
/// <param name="Header">Its first line.</param>
/// <param name="Records">Its records.</param>
public sealed record RecordedHistory(HistoryHeader Header, IReadOnlyList<Record> Records)
{
    /// <summary>The payloads in which something was put out of sight, as objects, each with the places in it.</summary>
    internal Dictionary<Payload, IReadOnlySet<string>> Redacted { get; init; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Reads a history file, one instance at a time.</summary>
    /// <exception cref="HistoryFormatException">It is none, a newer version wrote it, or it was cut off.</exception>
    public static IEnumerable<RecordedHistory> Read(string path)
    {
        using var file = File.OpenRead(path);
        foreach (var history in Read(file)) yield return history;
    }

    /// <summary>Reads histories, one instance at a time.</summary>
    /// <exception cref="HistoryFormatException">They are none, a newer version wrote them, or they were cut off.</exception>
    public static IEnumerable<RecordedHistory> Read(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        var number = 0;
        while (Next() is { } first)
        {
            var header = Parse(first, HistoryJson.Default.HistoryHeader);
            if (header is not { Format: > 0, Instance: not null, Workflow: not null })
                throw Wrong("an instance's header was expected, which begins with its format");
            if (header.Format > HistoryHeader.Current) throw Wrong($"the format is {header.Format}, and this version reads up to {HistoryHeader.Current}");
            var history = new RecordedHistory(header, []);
            var paths = new Redaction(header.Redacted);
            List<Record> records = new((int)Math.Min(header.Records, 1_000));
            while (records.Count < header.Records)
            {
                var line = Parse(Next() ?? throw Wrong($"the file ends after {records.Count} of the {header.Records} records of {header.Instance}"), HistoryJson.Default.HistoryLine);
                if (line.Record != records.Count + 1) throw Wrong($"record {records.Count + 1} of {header.Instance} was expected");
                var events = EventCodec.Read(Encoding.UTF8.GetBytes(line.Events.GetRawText()).AsMemory());
                if (line.Redacted.Count > 0) RedactedPayloads.Find(events, line.Redacted, paths, history.Redacted.Add);
                records.Add(new(header.Id, line.Record, line.At, events));
            }
            yield return history with { Records = records };
        }

        string? Next()
        {
            string? line;
            do
            {
                line = reader.ReadLine();
                number++;
            }
            while (line is { Length: 0 });
            return line;
        }

        T Parse<T>(string line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        {
            try
            {
                return JsonSerializer.Deserialize(line, type) ?? throw Wrong("it holds nothing");
            }
            catch (JsonException e)
            {
                throw Wrong(e.Message, e);
            }
        }

        HistoryFormatException Wrong(string what, Exception? inner = null) => new($"Line {number} of the histories: {what}.", inner);
    }
}
