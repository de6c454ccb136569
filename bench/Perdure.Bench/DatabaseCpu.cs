using System.Globalization;
using Npgsql;

namespace Perdure.Bench;

/// <summary>The processor time of a PostgreSQL on this machine: all its processes, also those that have ended.</summary>
internal sealed class DatabaseCpu
{
    private readonly int? _postmaster;

    private DatabaseCpu(int? postmaster) => _postmaster = postmaster;

    /// <summary>Finds the server's first process: the parent of the process that serves us. Where that is on another machine, nothing is known.</summary>
    public static DatabaseCpu Of(string connectionString)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ToString());
        connection.Open();
        using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        var backend = (int)command.ExecuteScalar()!;
        return new(Stat(backend.ToString(CultureInfo.InvariantCulture)) is { Name: "postgres" } stat ? stat.Parent : null);
    }

    /// <summary>Seconds until now; not a number where nothing is known.</summary>
    public double Seconds()
    {
        if (_postmaster is not { } postmaster || Stat(postmaster.ToString(CultureInfo.InvariantCulture)) is not { } own) return double.NaN;
        return own.Own + own.Ended + Directory.GetDirectories("/proc").Select(folder => Path.GetFileName(folder)).Where(name => char.IsAsciiDigit(name[0]))
            .Sum(name => Stat(name) is { } stat && stat.Parent == postmaster ? stat.Own : 0);
    }

    private static (string Name, int Parent, double Own, double Ended)? Stat(string process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var (open, close) = (stat.IndexOf('(', StringComparison.Ordinal), stat.LastIndexOf(')'));
            var fields = stat[(close + 2)..].Split(' ');
            double Time(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture) / Threads.TicksPerSecond;
            return (stat[(open + 1)..close], int.Parse(fields[1], CultureInfo.InvariantCulture), Time(11) + Time(12), Time(13) + Time(14));
        }
        catch (IOException)
        {
            return null;      // it has ended, or is not of this machine
        }
    }
}
