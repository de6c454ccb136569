using System.Text.Json.Nodes;

namespace Perdure.AspNetCore;

/// <summary>Makes the JSON schema of a type of event.</summary>
internal static class EventSchema
{
    private static readonly (string Name, string Type)[] Always = [("id", "string"), ("source", "string"), ("time", "string"), ("datacontenttype", "string"), ("dataschema", "string")];
    private static readonly (string Name, string Type)[] Perhaps =
    [
        ("subject", "string"), ("instance", "string"), ("namespace", "string"), ("workflow", "string"), ("version", "integer"), ("state", "string"), ("visit", "integer"), ("attempt", "integer"), ("traceid", "string"),
    ];

    public static JsonObject Of(EventType type)
    {
        var properties = new JsonObject { ["specversion"] = new JsonObject { ["const"] = "1.0" }, ["type"] = new JsonObject { ["const"] = type.Name } };
        foreach (var (name, kind) in Always.Concat(Perhaps)) properties[name] = new JsonObject { ["type"] = kind };
        var data = new JsonObject();
        foreach (var field in type.Fields)
        {
            data[field.Name] = new JsonObject { ["type"] = field.Type, ["description"] = field.Says };
            if (field is { Type: "array" }) data[field.Name]!["items"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["type"] = new JsonObject { ["type"] = "string" }, ["message"] = new JsonObject { ["type"] = "string" } },
                ["required"] = new JsonArray("type", "message"),
            };
        }
        properties["data"] = new JsonObject
        {
            ["type"] = "object", ["properties"] = data, ["additionalProperties"] = false,
            ["required"] = new JsonArray([.. type.Fields.Where(f => f.Required).Select(f => (JsonNode)f.Name)]),
        };
        return new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$id"] = type.Schema, ["title"] = type.Name, ["description"] = type.Says,
            ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false,
            ["required"] = new JsonArray([.. Always.Select(a => (JsonNode)a.Name), .. type.Attributes.Select(name => (JsonNode)name), "specversion", "type", "data"]),
        };
    }
}
