using System.Text.Json;
using Perdure.Ports;

namespace Perdure.Postgres.Owning;

/// <summary>What a node carries, as it stands in its row.</summary>
internal static class Carried
{
    public static string Write(IReadOnlyList<CarriedVersion> carries) => JsonSerializer.Serialize(carries, JsonSerializerOptions.Web);

    public static NodeIdentity Read(string host, int processId, string build, string carries) =>
        new(host, processId, build) { Carries = JsonSerializer.Deserialize<CarriedVersion[]>(carries, JsonSerializerOptions.Web) ?? [] };
}
