"""Azure Resource Manager behind the azure-native provider: judged by ARM's own definitions, kept in memory."""
