"""What fits Corro's models and writes them as ONNX. Matrices come from TypeScript."""
